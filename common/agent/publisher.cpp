#include "agent/publisher.h"

#include <utility>

namespace ccm::agent {

void Publisher::refresh() {
  for (const config::CertificateSpec& spec : config_.certificates()) {
    look_at(spec.name, seen_[spec.name]);
  }
}

void Publisher::look_at(const std::string& name, Seen& seen) {
  const lifecycle::VersionNumber version = store_.current_version(name);
  if (version == 0 || version == seen.version) return;
  Result<lifecycle::StoreReader::Loaded> loaded = store_.load(name);
  if (!loaded) {
    // The store itself cannot be read; that may pass, so the version stays unseen.
    if (std::exchange(seen.complaint, loaded.error().message()) != seen.complaint) {
      log_.error("certificate \"{}\": version {}: {}", name, version, seen.complaint);
    }
    return;
  }
  seen = {.version = version, .complaint = {}};
  if (loaded->damage) log_.error("certificate \"{}\": {}", name, loaded->damage->message());
  // What load() gives in place of a damaged version is older than what is served.
  if (loaded->damage && writer_.holds_certificate(name)) return;
  if (loaded->certificate) publish(name, *std::move(loaded->certificate));
}

void Publisher::publish(const std::string& name, lifecycle::StoredCertificate stored) {
  const lifecycle::VersionInfo& info = stored.info;
  const auto published =
      writer_.publish(name, {.bundle = std::move(stored.bundle), .ocsp_response = {}});
  if (!published) {
    log_.error("certificate \"{}\": publishing version {}: {}", name, info.number,
               published.error().message());
  } else if (*published) {
    log_.notice("certificate \"{}\": version {} is now served (serial {}, valid until {})", name,
                info.number, info.serial, format_time(info.not_after));
  }
}

}  // namespace ccm::agent
