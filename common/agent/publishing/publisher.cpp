// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/publisher.h"

#include <fmt/format.h>

#include <utility>

#include "crypto/certificate/ocsp.h"
#include "store/stored_search.h"

namespace ccm::agent {

void Publisher::refresh(Time now) {
  proofs_.refresh(writer_, [this] { writer_.beat(life_.give()); });
  tickets_.refresh(writer_, now);
  const SteadyTime since = life_.give();
  writer_.beat(since);
  const auto again = std::exchange(unread_, {});
  for (const config::CertificateSpec* spec : again) look_at(*spec, now);
  for (const config::CertificateSpec* spec : follower_.next(since)) look_at(*spec, now);
  canaries_.count(since);
  catalogues_.refresh(now, since);
}

void Publisher::clock_was_set() {
  for (const config::CertificateSpec& spec : config_.certificates()) {
    const auto seen = seen_.find(spec.name);
    if (seen != seen_.end() && seen->second.is_dated()) unread_.insert(&spec);
  }
  catalogues_.clock_was_set();
}

void Publisher::believe(const publication::Snapshot& snapshot) {
  for (const config::CertificateSpec& spec : config_.certificates()) {
    const publication::SnapshotEntry* entry = snapshot.find(spec.name);
    if (entry == nullptr || !writer_.holds_encoded(spec.name, entry->value)) continue;
    if (entry->version != store_.current_version(spec.name) ||
        entry->stamp != store_.version_stamp(spec.name)) {
      continue;
    }
    seen_[spec.name] = {.version = entry->version,
                        .response = spec.stapling ? entry->response : 0,
                        .complaint = {}};
    life_.serves(spec.name, entry->version);
  }
}

void Publisher::look_at(const config::CertificateSpec& spec, Time now) {
  if (!look_at(spec, seen_[spec.name], now)) unread_.insert(&spec);
  canaries_.look_at(writer_, spec, now);
  // The first time every certificate is read.
  writer_.beat(life_.give());
}

bool Publisher::look_at(const config::CertificateSpec& spec, Seen& seen, Time now) {
  const std::string& name = spec.name;
  const store::VersionNumber version = store_.current_version(name);
  // Before it is read: one that comes in between is news the next time.
  const std::uint64_t response = spec.stapling ? store_.response_stamp(name) : 0;
  const bool is_new = version != seen.version || seen.is_withheld;
  const bool is_known = version == seen.version && response == seen.response && !seen.is_dated();
  if (version == 0 || is_known) return true;
  Result<store::StoreReader::Loaded> loaded = store_.load(name);
  if (!loaded) {
    // The store itself cannot be read; that may pass, so the version stays unseen.
    if (std::exchange(seen.complaint, loaded.error().message()) != seen.complaint) {
      log_.error("certificate \"{}\": version {}: {}", name, version, seen.complaint);
    }
    return false;
  }
  // The server has chosen what fits best when it loaded its configuration (server/bootstrap.h);
  // what was installed before that and fits no better is none to come back to.
  const bool is_of_the_start = seen.version == 0 || (version == seen.version && seen.is_withheld);
  seen = {.version = version, .response = response, .complaint = {}};
  if (loaded->damage) log_.error("certificate \"{}\": {}", name, loaded->damage->message());
  // The version that load() returns instead of a damaged one is older than the served one.
  if (loaded->damage && writer_.holds_certificate(name)) return true;
  if (!loaded->certificate) return true;
  const store::StoredCertificate& stored = *loaded->certificate;
  const publication::Published value{
      .bundle = stored.bundle,
      .ocsp_response = spec.stapling ? staple_of(stored, now) : std::vector<std::byte>()};
  seen.is_unstapled = response != 0 && value.ocsp_response.empty();
  seen.is_withheld = is_of_the_start && writer_.holds_certificate(name) &&
                     !store::check_stored(stored, spec.names, now) && !writer_.holds(name, value);
  if (seen.is_withheld) return true;
  publish(name, stored.info, value, is_new);
  return true;
}

void Publisher::publish(const std::string& name, const store::VersionInfo& info,
                        const publication::Published& value, bool is_new) {
  const auto published = writer_.publish(name, value);
  if (!published) {
    log_.error("certificate \"{}\": publishing version {}: {}", name, info.number,
               published.error().message());
    return;
  }
  life_.serves(name, info.number);
  if (*published && is_new) {
    log_.notice("certificate \"{}\": version {} is now served (serial {}, valid until {})", name,
                info.number, info.serial, format_time(info.not_after));
    events_.tell({.type = EventType::served,
                  .certificate = name,
                  .version = info.number,
                  .serial = info.serial,
                  .not_after = info.not_after,
                  .sentence = fmt::format("version {} is served to clients", info.number),
                  .fields = {{"origin", info.origin}}});
  } else if (*published && value.ocsp_response.empty()) {
    log_.notice("certificate \"{}\": no OCSP response is stapled any more", name);
  } else if (*published) {
    log_.info("certificate \"{}\": an OCSP response is stapled until {}", name,
              format_time(crypto::ocsp_response_end(value.ocsp_response)));
  }
}

}  // namespace ccm::agent
