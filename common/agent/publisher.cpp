#include "agent/publisher.h"

#include <utility>

namespace ccm::agent {

void Publisher::refresh() {
  for (const config::CertificateSpec& spec : config_.certificates()) {
    const lifecycle::VersionNumber version = store_.current_version(spec.name);
    lifecycle::VersionNumber& seen = seen_[spec.name];
    if (version == 0 || version == seen) continue;
    seen = version;
    publish(spec.name, version);
  }
}

void Publisher::publish(const std::string& name, lifecycle::VersionNumber version) {
  auto loaded = store_.load(name);
  if (!loaded) {
    log_.error("certificate \"{}\": version {}: {}", name, version, loaded.error().message());
    return;
  }
  if (loaded->damage) log_.error("certificate \"{}\": {}", name, loaded->damage->message());
  if (!loaded->certificate) return;
  const lifecycle::VersionInfo info = loaded->certificate->info;
  const auto published = writer_.publish(
      name, {.bundle = std::move(loaded->certificate->bundle), .ocsp_response = {}});
  if (!published) {
    log_.error("certificate \"{}\": publishing version {}: {}", name, info.number,
               published.error().message());
  } else if (*published) {
    log_.notice("certificate \"{}\": version {} is now served (serial {}, valid until {})", name,
                info.number, info.serial, format_time(info.not_after));
  }
}

}  // namespace ccm::agent
