// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/stapling.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/boundary.h"
#include "policy/schedule.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kAfterADefect = 1h;
constexpr Seconds kShortestWait = 1s;
// The time between two questions while clients refuse a certificate because it has no response.
constexpr Seconds kWhileItIsMissed = 5min;
// The most questions to one responder at a time, so that one that hangs takes no thread from the
// others.
constexpr unsigned kMostQuestions = 1;

}  // namespace

// The certificate that is asked about.
struct Stapling::Subject {
  const store::StoredCertificate& stored;
  const crypto::Certificate& issuer;
  std::string responder;

  const crypto::Certificate& leaf() const { return stored.bundle.leaf(); }
  // What the stored response says, when it may still be stapled.
  std::optional<crypto::OcspAnswer> held(Time now) const {
    if (stored.ocsp_response.empty()) return std::nullopt;
    auto says = crypto::judge_ocsp_response(stored.ocsp_response, leaf(), issuer, now);
    if (!says || says->status != crypto::OcspStatus::good) return std::nullopt;
    return *std::move(says);
  }
};

Stapling::Stapling(Parts parts)
    : parts_(std::move(parts)),
      http_(parts_.http, parts_.clock),
      health_(parts_.store, parts_.events) {
  for (const config::CertificateSpec& spec : parts_.config.certificates()) {
    if (spec.stapling) entries_.emplace(spec.name, Entry{.spec = &spec});
  }
  for (const auto& [name, entry] : entries_) notice(name);
}

void Stapling::notice(const std::string& name) {
  const store::VersionNumber version = parts_.store.current_version(name);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.version == version) return;
  Entry& entry = found->second;
  if (entry.in_work) {
    entry.is_hastened = true;
    return;
  }
  entry.due = Time{};
  // The new version may name another responder.
  timers_.set(name, {}, entry.due);
}

void Stapling::plan(const Entry& entry) {
  if (entry.in_work) {
    timers_.remove(entry.spec->name);
  } else {
    timers_.set(entry.spec->name, entry.responder, entry.due);
  }
}

std::vector<std::string> Stapling::take_due(Time now, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  while (names.size() < limit) {
    const auto* next = timers_.first();
    if (next == nullptr || next->at > now) break;
    names.push_back(next->name);
    Entry& entry = entries_.find(next->name)->second;
    entry.in_work = true;
    entry.is_hastened = false;
    plan(entry);
  }
  return names;
}

bool Stapling::is_busy(const std::string& responder) const {
  const auto found = questions_.find(responder);
  return found != questions_.end() && found->second >= kMostQuestions;
}

bool Stapling::begin_question(const std::string& responder) {
  const std::lock_guard lock(mutex_);
  if (is_busy(responder)) return false;
  ++questions_[responder];
  if (is_busy(responder)) timers_.hold(responder);
  return true;
}

void Stapling::end_question(const std::string& responder) {
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(responder);
  if (found != questions_.end() && --found->second == 0) questions_.erase(found);
  if (!is_busy(responder)) timers_.release(responder);
}

void Stapling::attempt(const std::string& name, const store::Lease& lease) noexcept {
  const auto on_failure = [&](const char* what) {
    parts_.log.error("certificate \"{}\": a defect of the program in stapling: {}", name, what);
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.find(name)->second;
    entry.due = parts_.clock.now() + kAfterADefect;
    entry.in_work = false;
    entry.is_hastened = false;
    plan(entry);
  };
  at_boundary(0, on_failure, [&] {
    run(name, lease);
    return 0;
  });
}

void Stapling::run(const std::string& name, const store::Lease& lease) {
  Entry entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.in_work) return;
    entry = found->second;
  }
  // Read before the rest, so that a version installed meanwhile counts as new the next time.
  const store::VersionNumber version = parts_.store.current_version(name);
  if (version != entry.version) {
    entry = Entry{.spec = entry.spec, .version = version};
    // A later notice() must not take this version for a new one.
    const std::lock_guard lock(mutex_);
    entries_.find(name)->second.version = version;
  }
  entry.due = look(entry, lease);
  const std::lock_guard lock(mutex_);
  Entry& kept = entries_.find(name)->second;
  // The clock may have been set meanwhile.
  if (std::exchange(kept.is_hastened, false)) entry.due = Time{};
  kept = entry;
  kept.in_work = false;
  plan(kept);
}

// Returns when to look again. The lifecycle logs a store that cannot be read.
Time Stapling::look(Entry& entry, const store::Lease& lease) {
  const config::CertificateSpec& spec = *entry.spec;
  const Result<store::StoreReader::Loaded> loaded = parts_.store.load_again(spec.name);
  const Time now = parts_.clock.now();
  if (!loaded) {
    return policy::retry_time(loaded.error(), ++entry.failures, spec.check_interval, now,
                              spec.jitter_seed);
  }
  if (!loaded->certificate) return Time::max();
  const crypto::Bundle& bundle = loaded->certificate->bundle;
  const std::string responder = responder_of(bundle.leaf());
  const crypto::Certificate* issuer = store::issuer_of(bundle);
  entry.responder = responder;
  if (responder.empty() || issuer == nullptr) {
    say_impossible(spec.name, bundle.leaf(), responder);
    return Time::max();
  }
  const Subject subject{*loaded->certificate, *issuer, responder};
  if (const auto held = subject.held(now)) {
    const Time next = policy::next_response(held->this_update, held->next_update, spec.jitter_seed);
    if (next > now) return next;
  }
  // Looked at again when the question in progress has been answered.
  if (!begin_question(responder)) return now;
  Result<OcspReply> answer = ask(subject);
  if (!answer) return failed(entry, subject, answer.error());
  Result<Time> next = take(entry, subject, *answer, lease);
  return next ? *next : failed(entry, subject, next.error());
}

// Logs once for each version, and only when somebody may expect stapling.
void Stapling::say_impossible(const std::string& name, const crypto::Certificate& leaf,
                              const std::string& responder) const {
  const bool is_demanded = leaf.requires_stapling();
  if (responder.empty() && !is_demanded) return;
  parts_.log.write(
      is_demanded ? Severity::error : Severity::notice,
      fmt::format("certificate \"{}\": nothing will be stapled{}: {}", name,
                  is_demanded ? ", although it demands it" : "",
                  responder.empty() ? "it names no OCSP responder that is reached by HTTP"
                                    : "its chain does not hold the issuer that an answer would be "
                                      "judged with"));
}

Result<OcspReply> Stapling::ask(const Subject& subject) {
  struct Turn {
    Stapling& stapling;
    const std::string& responder;
    ~Turn() { stapling.end_question(responder); }
  } const turn{*this, subject.responder};
  return http_.ask(subject.leaf(), subject.issuer);
}

// Only a `good` response is stapled. Any other answer makes the stored response obsolete.
Result<Time> Stapling::take(Entry& entry, const Subject& subject, const OcspReply& answer,
                            const store::Lease& lease) {
  const std::string& name = entry.spec->name;
  const crypto::OcspAnswer& says = answer.says;
  const bool is_good = says.status == crypto::OcspStatus::good;
  const auto held = subject.held(parts_.clock.now());
  // A cache on the way may be behind.
  const bool is_older = is_good && held && says.this_update < held->this_update;
  const std::vector<std::byte> wanted = is_good ? answer.der : std::vector<std::byte>();
  if (!is_older && wanted != subject.stored.ocsp_response) {
    Result<void> kept = parts_.store.keep_response(lease, name, subject.stored.info.number, wanted);
    if (!kept) return fail_with(std::move(kept), "keep the OCSP response");
    if (is_good) {
      parts_.events.tell({.type = EventType::staple,
                          .certificate = name,
                          .version = subject.stored.info.number,
                          .serial = subject.stored.info.serial,
                          .not_after = subject.stored.info.not_after,
                          .sentence = fmt::format("a response of {} was stored, good until {}",
                                                  subject.responder, format_time(says.next_update)),
                          .fields = {{"responder", subject.responder}}});
    }
  }
  if (is_good) {
    parts_.log.info("certificate \"{}\": {} says that it is good, until {}", name,
                    subject.responder, format_time(says.next_update));
  } else {
    say_revoked(entry, subject, says, lease);
  }
  entry.failures = 0;
  const Time now = parts_.clock.now();
  Time next = policy::next_response(says.this_update, says.next_update, entry.spec->jitter_seed);
  // The responder repeats an old answer.
  if (next <= now) next = policy::next_response(now, says.next_update, entry.spec->jitter_seed);
  return std::max(next, now + kShortestWait);
}

void Stapling::say_revoked(Entry& entry, const Subject& subject, const crypto::OcspAnswer& answer,
                           const store::Lease& lease) {
  if (std::exchange(entry.is_revocation_said, true)) return;
  const std::string& name = entry.spec->name;
  const std::string sentence = fmt::format(
      "{} says that version {} was revoked{}{}", subject.responder, subject.stored.info.number,
      answer.revoked_at ? " at " + format_time(*answer.revoked_at) : "",
      answer.reason.empty() ? "" : " (" + answer.reason + ")");
  parts_.log.error("certificate \"{}\": {}; nothing is stapled", name, sentence);
  health_.say_revoked(lease, name, subject.stored.info, sentence);
  parts_.on_revoked(name);
}

// The cause may be gone the next time: the responder does not know a new certificate yet, or a
// cache is behind.
Time Stapling::failed(Entry& entry, const Subject& subject, const Error& error) {
  const config::CertificateSpec& spec = *entry.spec;
  const Time now = parts_.clock.now();
  ++entry.failures;
  Time again = policy::retry_time(Error(error).with_kind(ErrorKind::transient), entry.failures,
                                  spec.check_interval, now, spec.jitter_seed);
  const auto held = subject.held(now);
  const bool is_missed = !held && subject.leaf().requires_stapling();
  if (held)
    again = std::min(again, policy::latest_look(held->next_update, policy::Look::costly, now));
  if (is_missed && !error.retry_after()) again = std::min(again, now + kWhileItIsMissed);
  const Severity once = entry.failures == 1 ? Severity::warn : Severity::info;
  parts_.log.write(
      is_missed ? Severity::error : once,
      fmt::format("certificate \"{}\": ask {} for its status: {}; {}; trying again in {}",
                  spec.name, subject.responder, error.message(),
                  held        ? "its last answer is stapled until " + format_time(held->next_update)
                  : is_missed ? "nothing is stapled, although the certificate demands it"
                              : "nothing is stapled",
                  format_duration(again - now)));
  return again;
}

Time Stapling::next_wake() const {
  const std::lock_guard lock(mutex_);
  const auto* next = timers_.first();
  return next == nullptr ? Time::max() : next->at;
}

// Each look checks the stored response again, and asks the responder if that is due.
void Stapling::look_again_at_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    entry.is_hastened = entry.in_work;
    if (entry.in_work || entry.due == Time::max()) continue;
    entry.due = Time{};
    plan(entry);
  }
}

}  // namespace ccm::lifecycle
