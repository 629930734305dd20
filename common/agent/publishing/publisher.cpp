// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "agent/publishing/last_copies.h"
#include "base/sentences.h"
#include "crypto/certificate/ocsp.h"
#include "store/stored_search.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kLostShown = 3;

}  // namespace

void Publisher::refresh(Time now) {
  proofs_.refresh(writer_, [this] { writer_.beat(life_.give()); });
  tickets_.refresh(writer_, now);
  const SteadyTime since = life_.give();
  writer_.beat(since);
  const auto again = std::exchange(unread_, {});
  for (const config::CertificateSpec* spec : again) look_at(*spec, now);
  for (const config::CertificateSpec* spec : follower_.next()) look_at(*spec, now);
  look_at_dated(now, since);
  canaries_.give_up(writer_, now);
  canaries_.count(since);
  catalogues_.refresh(now, since);
}

void Publisher::notice(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const config::CertificateSpec* spec = config_.find(name)) unread_.insert(spec);
  }
}

void Publisher::look_at_dated(Time now, SteadyTime since) {
  const SteadyTime::duration round(kDatedRound);
  const auto each = round / std::max(dated_.size(), static_cast<std::size_t>(round / kLeisurely));
  const std::vector<std::size_t> turns = dated_turns_.due(since, each, dated_.size());
  if (turns.empty()) return;
  const std::vector<const config::CertificateSpec*> all(dated_.begin(), dated_.end());
  for (const std::size_t turn : turns) look_at(*all[turn], now);
}

std::function<bool(const std::string& entry)> Publisher::copies_in(const std::string& state_path) {
  return [copies = std::make_shared<LastCopies>(state_path)](const std::string& entry) {
    return copies->has(entry);
  };
}

void Publisher::clock_was_set() {
  unread_.insert(dated_.begin(), dated_.end());
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
    seen_[spec.name] = {.traces = {.version = entry->version,
                                   .stamp = entry->stamp,
                                   .response = spec.stapling ? entry->response : 0},
                        .complaint = {}};
    life_.serves(spec.name, entry->version);
  }
}

void Publisher::look_at(const config::CertificateSpec& spec, Time now) {
  Seen& seen = seen_[spec.name];
  if (!look_at(spec, seen, now)) unread_.insert(&spec);
  if (seen.is_dated()) {
    dated_.insert(&spec);
  } else {
    dated_.erase(&spec);
  }
  canaries_.look_at(writer_, spec, now);
  // The first refresh() reads every certificate, which takes long.
  writer_.beat(life_.give());
}

bool Publisher::look_at(const config::CertificateSpec& spec, Seen& seen, Time now) {
  const std::string& name = spec.name;
  const store::VersionNumber version = store_.current_version(name);
  if (version == 0) {
    if (seen.traces.version != 0 && !seen.is_lost) say_what_is_lost();
    return true;
  }
  // Taken before the certificate is read, so that a version that comes meanwhile is noticed the
  // next time.
  const Traces traces{.version = version,
                      .stamp = store_.version_stamp(name),
                      .response = spec.stapling ? store_.response_stamp(name) : 0};
  const bool is_same = version == seen.traces.version && traces.stamp == seen.traces.stamp;
  const bool is_new = !is_same || seen.is_withheld;
  if (traces == seen.traces && !seen.is_dated()) {
    seen.is_lost = false;
    return true;
  }
  Result<store::StoreReader::Loaded> loaded = store_.load_again(name);
  if (!loaded) {
    // The store itself cannot be read. That may pass, so the version still counts as not seen.
    if (std::exchange(seen.complaint, loaded.error().message()) != seen.complaint) {
      log_.error("certificate \"{}\": version {}: {}", name, version, seen.complaint);
    }
    return false;
  }
  // The server has chosen the version that fits best when it loaded its configuration
  // (server/start/bootstrap.h). A version that was installed before and fits less well must not
  // replace it.
  const bool is_of_the_start = seen.traces.version == 0 || (is_same && seen.is_withheld);
  const std::string said = std::exchange(seen, {.traces = traces, .complaint = {}}).complaint;
  if (loaded->damage) log_.error("certificate \"{}\": {}", name, loaded->damage->message());
  // load() returns an older version in place of a damaged one, and the served one is newer.
  if (loaded->damage && writer_.holds_certificate(name)) return true;
  if (!loaded->certificate) return true;
  const store::StoredCertificate& stored = *loaded->certificate;
  const publication::Published value{
      .bundle = stored.bundle,
      .ocsp_response = spec.stapling ? staple_of(stored, now) : std::vector<std::byte>()};
  seen.is_unstapled = traces.response != 0 && value.ocsp_response.empty();
  // A restored backup may hold a version that has ended.
  const auto is_in_force = [&] {
    const auto shown = writer_.shown(name);
    return shown && shown->not_after > now;
  };
  seen.is_withheld = writer_.holds_certificate(name) &&
                     !store::check_stored(stored, spec.names, now) && !writer_.holds(name, value) &&
                     (is_of_the_start || is_in_force());
  if (seen.is_withheld) {
    seen.complaint = say_it_waits(name, stored.info, now, said);
    return true;
  }
  publish(name, stored.info, value, is_new);
  return true;
}

// Logged once, although it is looked at again and again. Empty when the version does not wait for
// its first day.
std::string Publisher::say_it_waits(const std::string& name, const store::VersionInfo& info,
                                    Time now, const std::string& said) {
  if (info.not_before <= now) return {};
  std::string complaint =
      fmt::format("version {} is valid only from {}", info.number, format_time(info.not_before));
  if (complaint != said) {
    log_.warn(
        "certificate \"{}\": {}, and this machine's clock says {}: what is served stays until "
        "then; "
        "the clock may be behind",
        name, complaint, format_time(now));
  }
  return complaint;
}

// One sentence about all of them, because usually the whole directory has gone.
void Publisher::say_what_is_lost() {
  std::vector<std::string> lost;
  for (auto& [name, seen] : seen_) {
    if (seen.traces.version == 0 || seen.is_lost || store_.current_version(name) != 0) continue;
    seen.is_lost = true;
    lost.push_back(fmt::format("\"{}\"", name));
  }
  log_.error(
      "the store has lost what was installed for {}: {}/certificates has no current version of it; "
      "what is served stays until that is back or another one is obtained",
      enumerated(lost, kLostShown), config_.global().state_path);
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
