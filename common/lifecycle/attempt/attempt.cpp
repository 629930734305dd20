// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/attempt/attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/source_kinds.h"
#include "lifecycle/schedule/health.h"
#include "lifecycle/schedule/hold.h"
#include "policy/gate.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

bool is_urgent(const store::VersionInfo& info, Time now) {
  return now >= urgent_from(info);
}

}  // namespace

void say_left_out(Log& log, std::string_view name, const crypto::Bundle& bundle) {
  if (bundle.left_out().empty()) return;
  log.notice("certificate \"{}\": left out of the chain, as it does not serve the path: {}", name,
             bundle.left_out());
}

State Attempt::run() {
  if (Result<void> looked = look_at_store(); !looked) return failed(std::move(looked).error());
  find_staged();
  if (is_held()) {
    parts_.log.info("{}version {} is held since a rollback", prefix(), current_->info.number);
    return valid();
  }
  if (staged_) {
    if (std::optional<State> state = look_at_staged()) return *std::move(state);
  }
  if (newest() != nullptr && newest()->info.origin == store::kImported && !is_due()) {
    parts_.log.info("{}version {} was imported and stays until its renewal is due", prefix(),
                    newest()->info.number);
    return valid();
  }
  if (Result<void> allowed = ask_to_renew(); !allowed) return failed(std::move(allowed).error());
  const sources::ObtainRequest request{.spec = spec_,
                                       .current = newest(),
                                       .is_due = is_due(),
                                       .lease = parts_.lease,
                                       .now = now_,
                                       .is_wanted = urge_ == Urge::wanted,
                                       .on_revoked = revocation_of(newest())};
  Result<sources::Outcome> outcome = parts_.source.obtain(request);
  now_ = parts_.clock.now();
  const bool is_too_early = !outcome && outcome.error().kind() == ErrorKind::invalid &&
                            outcome.error().retry_after().has_value();
  if (is_too_early) return waiting(std::move(outcome).error());
  if (!outcome) return failed(std::move(outcome).error());
  if (const auto* obtained = std::get_if<sources::Obtained>(&*outcome)) {
    tell_of(EventType::obtained, *obtained,
            fmt::format("a certificate was obtained from {}", obtained->origin));
    return install(request, *obtained);
  }
  if (const auto* wait = std::get_if<sources::Pending>(&*outcome)) return pending(*wait);
  return unchanged();
}

bool Attempt::is_held() {
  const store::VersionNumber held = held_version(parts_.store, spec_.name);
  if (held == 0) return false;
  const bool is_current = current_ && current_->info.number == held;
  if (urge_ != Urge::wanted && is_current && !is_urgent(current_->info, now_) &&
      policy::check_installed(spec_, current_->bundle, now_)) {
    return true;
  }
  if (is_current) {
    parts_.log.notice("{}version {} is not held any longer", prefix(), held);
  }
  if (const Result<void> gone = release(parts_.store, parts_.lease, spec_.name); !gone) {
    parts_.log.warn("{}{}", prefix(), gone.error().message());
  }
  if (current_) deadline_ = deadline_of(parts_.store, spec_, current_->bundle, current_->info);
  return false;
}

bool Attempt::is_due() const {
  const store::StoredCertificate* last = newest();
  return urge_ == Urge::wanted || last == nullptr ||
         now_ >= renewal_of(spec_, last->bundle, last->info) ||
         !policy::check_installed(spec_, last->bundle, now_);
}

// While waiting for the cloud, the hooks are not asked again, because they agreed at the beginning.
Result<void> Attempt::ask_to_renew() {
  const bool is_waiting = std::holds_alternative<Waiting>(before_);
  if (!is_due() || (is_waiting && urge_ != Urge::wanted)) return {};
  Event event{.type = EventType::renewing,
              .certificate = spec_.name,
              .sentence = current_
                              ? fmt::format("a successor of version {} is about to be obtained",
                                            current_->info.number)
                              : "a first certificate is about to be obtained",
              .fields = {{"names", join(spec_.names, " ")},
                         {"source", std::string(spec_.source.kind().word)}}};
  if (current_) {
    event.version = current_->info.number;
    event.serial = current_->info.serial;
    event.not_after = current_->info.not_after;
  }
  Result<void> allowed = parts_.events.ask(std::move(event));
  now_ = parts_.clock.now();
  return allowed;
}

void Attempt::tell_of(EventType type, const sources::Obtained& obtained,
                      std::string sentence) const {
  const crypto::Certificate& leaf = obtained.bundle.leaf();
  parts_.events.tell({.type = type,
                      .certificate = spec_.name,
                      .serial = leaf.serial(),
                      .not_after = leaf.not_after(),
                      .sentence = std::move(sentence),
                      .fields = {{"names", join(leaf.names(), " ")}, {"origin", obtained.origin}}});
}

// An OCSP responder may also say it, perhaps earlier (stapling.h). The event is sent once.
std::function<void(std::string_view)> Attempt::revocation_of(
    const store::StoredCertificate* stored) {
  if (stored == nullptr) return {};
  return [this, info = stored->info](std::string_view service) {
    const std::string sentence =
        fmt::format("{} says that version {} was revoked", service, info.number);
    Health health(parts_.store, parts_.events);
    if (health.say_revoked(parts_.lease, spec_.name, info, sentence)) {
      parts_.log.error("{}{}", prefix(), sentence);
    }
  };
}

State Attempt::install(const sources::ObtainRequest& request, const sources::Obtained& obtained) {
  if (staged_ && obtained.bundle.leaf().fingerprint() == info_->fingerprint) {
    drop_staged(staged_->info.number, "the source prefers the one that is shown");
    return valid();
  }
  policy::Candidate candidate = sources::as_candidate(request, obtained);
  // Even if the staged version must be replaced, the shown one stays until there is a better one.
  if (staged_ && obtained.current_must_go) candidate.current = &current_->bundle;
  Result<policy::Admission> admitted = installer_.admit(candidate, now_);
  if (!admitted) return refused(request, obtained, std::move(admitted).error());
  Result<std::vector<std::byte>> response =
      first_response(obtained.bundle, obtained.origin, obtained.current_must_go);
  if (!response && response.error().kind() == ErrorKind::invalid) {
    return refused(request, obtained, std::move(response).error());
  }
  if (!response) return waiting(std::move(response).error());
  const bool waits = has_to_wait(obtained);
  Result<store::VersionInfo> info =
      installer_.install(*admitted, {.bundle = obtained.bundle,
                                     .origin = obtained.origin,
                                     .expected = current_ ? current_->info.number : 0,
                                     .keep = spec_.keep,
                                     .now = now_,
                                     .ocsp_response = *response,
                                     .waits = waits});
  if (!info) return failed(std::move(info).error().with_context("install"));
  State state = waits ? staged(obtained, *info) : installed(obtained, *info);
  if (const Result<void> told = parts_.source.installed(request); !told) {
    parts_.log.warn("{}tidy up after the installation: {}", prefix(), told.error().message());
  }
  return state;
}

State Attempt::installed(const sources::Obtained& obtained, const store::VersionInfo& info) {
  staged_.reset();
  canary_.reset();
  version_ = info.number;
  info_ = info;
  has_installed_ = true;
  deadline_ = deadline_of(parts_.store, spec_, obtained.bundle, info);
  State state = valid();
  parts_.log.notice("{}installed version {} from {} (serial {}, valid until {}), next renewal {}",
                    prefix(), info.number, info.origin, info.serial, format_time(info.not_after),
                    format_time(std::get<Valid>(state).renew_at));
  say_left_out(parts_.log, spec_.name, obtained.bundle);
  warn_if_short(info);
  return state;
}

// Without this warning nobody learns why the certificate is renewed so early or so late.
void Attempt::warn_if_short(const store::VersionInfo& info) {
  const std::optional<Seconds> asked = spec_.source.facts().validity;
  const Seconds given = info.not_after - now_;
  if (!asked || given >= *asked * 9 / 10) return;
  parts_.log.warn(
      "{}{} was asked for {} and gave {} from now on (its dates are {} to {}); it is renewed at "
      "{}, so that an authority that gives too little does not have to issue one after the other",
      prefix(), spec_.source.kind().title, format_duration(*asked), format_duration(given),
      format_time(info.not_before), format_time(info.not_after), format_time(deadline_->due));
}

State Attempt::refused(const sources::ObtainRequest& request, const sources::Obtained& obtained,
                       Error error) {
  tell_of(EventType::refused, obtained, error.message());
  // A certificate that is not valid yet is kept for later.
  if (error.retry_after()) {
    return waiting(std::move(error).with_context(
        fmt::format("the certificate from {} is not taken yet", obtained.origin)));
  }
  if (const Result<void> told = parts_.source.refused(request); !told) {
    parts_.log.warn("{}tidy up after the refusal: {}", prefix(), told.error().message());
  }
  // Not `rejected`: the next certificate may be a better one.
  return failed(
      std::move(error)
          .with_context(fmt::format("the certificate from {} was refused", obtained.origin))
          .with_kind(ErrorKind::invalid));
}

State Attempt::unchanged() {
  if (!current_) {
    return failed(
        Error(ErrorKind::internal, "the source gave nothing although nothing is installed"));
  }
  if (Result<void> good = policy::check_installed(spec_, newest()->bundle, now_); !good) {
    return failed(std::move(good)
                      .error()
                      .with_kind(ErrorKind::rejected)
                      .with_context("the cloud has nothing better than what is installed"));
  }
  const bool was_ill =
      !std::holds_alternative<Absent>(before_) && !std::holds_alternative<Valid>(before_);
  if (was_ill) {
    parts_.log.notice("{}in order again, valid until {}", prefix(),
                      format_time(current_->info.not_after));
  }
  if (is_due() && is_urgent(current_->info, now_)) {
    parts_.log.write(
        severity(Severity::crit),
        fmt::format("{}the cloud has no newer certificate yet; {}", prefix(), standing()));
  }
  return valid();
}

State Attempt::pending(const sources::Pending& outcome) {
  say_waiting(outcome.reason);
  return Waiting{.attempts = 0,
                 .retry_at = bounded(outcome.retry_at, policy::Look::free),
                 .reason = Error(ErrorKind::pending, outcome.reason)};
}

State Attempt::waiting(Error reason) {
  const auto* before = std::get_if<Waiting>(&before_);
  const unsigned attempts = before == nullptr ? 1 : before->attempts + 1;
  const Time wanted =
      policy::retry_time(reason, attempts, spec_.check_interval, now_, spec_.jitter_seed);
  const Time again = bounded(wanted, next_look_after(reason, spec_));
  say_waiting(reason.message());
  return Waiting{.attempts = attempts,
                 .retry_at = again,
                 .reason = std::move(reason).with_kind(ErrorKind::pending)};
}

void Attempt::say_waiting(const std::string& sentence) {
  const auto* before = std::get_if<Waiting>(&before_);
  const bool is_known = before != nullptr && before->reason.message() == sentence;
  parts_.log.write(severity(is_known ? Severity::info : Severity::notice),
                   fmt::format("{}waiting for the cloud: {}; {}", prefix(), sentence, standing()));
}

State Attempt::failed(Error error) {
  const auto* failing = std::get_if<Failing>(&before_);
  const unsigned attempts = failing == nullptr ? 1 : failing->attempts + 1;
  const bool is_costly = costs_a_certificate(error, spec_);
  // Counts only costly attempts: a long outage before the first one is no reason to wait for hours.
  const unsigned costly = (failing == nullptr ? 0 : failing->costly) + (is_costly ? 1 : 0);
  const Time wanted = is_costly ? policy::reissue_time(costly, now_, spec_.jitter_seed)
                                : policy::retry_time(error, attempts, spec_.check_interval, now_,
                                                     spec_.jitter_seed);
  const Time again = bounded(wanted, next_look_after(error, spec_));
  const std::string wait = format_duration(again - now_);
  if (error.kind() == ErrorKind::rejected) {
    parts_.log.write(
        severity(Severity::error),
        fmt::format("{}{}; {}; looking again in {}, or when the configuration is loaded", prefix(),
                    error.message(), standing(), wait));
    return Rejected{.check_at = again, .error = std::move(error)};
  }
  parts_.log.write(severity(Severity::error),
                   fmt::format("{}{}; {}; trying again in {} (failure {} in a row)", prefix(),
                               error.message(), standing(), wait, attempts));
  return Failing{
      .attempts = attempts, .retry_at = again, .error = std::move(error), .costly = costly};
}

State Attempt::valid() const {
  const Time check_at = policy::next_check(spec_.check_interval, now_, spec_.jitter_seed);
  if (deadline_->due > now_) return Valid{.renew_at = deadline_->due, .check_at = check_at};
  // A certificate that is due and has no successor yet is looked at with the next check, not again
  // at once.
  const Time look_at = bounded(check_at, policy::Look::free);
  return Valid{.renew_at = look_at, .check_at = look_at};
}

Time Attempt::bounded(Time wanted, policy::Look look) const {
  std::optional<Time> end;
  if (deadline_) end = deadline_->end;
  Time at = std::min(wanted, policy::latest_look(end, look, now_));
  if (look == policy::Look::free && deadline_ && deadline_->due > now_)
    at = std::min(at, deadline_->due);
  return std::max(at, now_ + 1s);
}

Severity Attempt::severity(Severity usual) const {
  if (!current_) return usual;
  if (current_->info.not_after <= now_) return Severity::alert;
  return is_urgent(current_->info, now_) ? std::min(usual, Severity::crit) : usual;
}

std::string Attempt::standing() const {
  if (!current_) return "no certificate is installed";
  const Time end = current_->info.not_after;
  if (end <= now_) return fmt::format("the installed certificate expired at {}", format_time(end));
  return fmt::format("the installed certificate (version {}, valid until {}) stays",
                     current_->info.number, format_time(end));
}

}  // namespace ccm::lifecycle
