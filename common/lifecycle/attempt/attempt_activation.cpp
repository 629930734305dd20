// SPDX-License-Identifier: Apache-2.0
// The part of an attempt that decides when a version may be shown: its first OCSP response, and the
// window of its certificate.
#include <fmt/format.h>

#include <utility>

#include "lifecycle/attempt/activation.h"
#include "lifecycle/attempt/attempt.h"
#include "lifecycle/schedule/hold.h"
#include "policy/gate.h"
#include "store/staging.h"

namespace ccm::lifecycle {

// Clients refuse a certificate that demands stapling and comes without a response.
Result<std::vector<std::byte>> Attempt::first_response(const crypto::Bundle& bundle,
                                                       std::string_view origin,
                                                       bool current_must_go) {
  const crypto::Certificate& leaf = bundle.leaf();
  const crypto::Certificate* issuer = store::issuer_of(bundle);
  const bool is_needed = spec_.stapling && parts_.responder != nullptr && leaf.requires_stapling();
  if (!is_needed || issuer == nullptr || responder_of(leaf).empty()) {
    return std::vector<std::byte>();
  }
  Result<OcspReply> reply = parts_.responder->ask(leaf, *issuer);
  now_ = parts_.clock.now();
  if (reply && reply->says.status == crypto::OcspStatus::revoked) {
    return fail(ErrorKind::invalid, fmt::format("{} says that it was revoked", responder_of(leaf)));
  }
  if (reply) return std::move(reply->der);
  const std::string sentence =
      fmt::format("the certificate from {} demands stapling, and {} has no response for it yet: {}",
                  origin, responder_of(leaf), reply.error().message());
  const bool may_wait = current_ && !current_must_go && now_ < urgent_from(current_->info) &&
                        policy::check_installed(spec_, current_->bundle, now_);
  if (may_wait) return fail(ErrorKind::transient, sentence);
  parts_.log.warn("{}{}; it is installed without one, as nothing better is there", prefix(),
                  sentence);
  return std::vector<std::byte>();
}

const store::StoredCertificate* Attempt::newest() const noexcept {
  return staged_ ? &*staged_ : current_ ? &*current_ : nullptr;
}

void Attempt::find_staged() {
  const store::VersionNumber version = store::staged_version(parts_.store, spec_.name);
  const store::VersionNumber held = held_version(parts_.store, spec_.name);
  if (version == 0 || (held != 0 && held == version_)) return;
  Result<store::StoredCertificate> staged = parts_.store.load_version(spec_.name, version);
  Result<void> good = staged ? policy::check_installed(spec_, staged->bundle, now_)
                             : Result<void>(fail(staged.error()));
  if (!good) {
    drop_staged(version, good.error().message());
    return;
  }
  staged_ = *std::move(staged);
  canary_ = canary_of(parts_.store, spec_.name);
  deadline_ = deadline_of(parts_.store, spec_, staged_->bundle, staged_->info);
}

void Attempt::drop_staged(store::VersionNumber version, std::string_view why) {
  parts_.log.warn("{}version {}, which waited, is not shown: {}", prefix(), version, why);
  staged_.reset();
  canary_.reset();
  if (current_) deadline_ = deadline_of(parts_.store, spec_, current_->bundle, current_->info);
  const Result<void> gone = store::unstage(parts_.store, parts_.lease, spec_.name);
  if (!gone) parts_.log.warn("{}{}", prefix(), gone.error().message());
}

bool Attempt::may_wait() const {
  return urge_ == Urge::due && current_ && is_current_intact_ &&
         policy::check_installed(spec_, current_->bundle, now_);
}

Time Attempt::activation() const {
  return may_wait() ? activation_time(spec_, current_->bundle, current_->info, now_) : now_;
}

std::optional<Time> Attempt::activates_at() const {
  const Time at = canary_ ? shown_from(canary_) : activation();
  // A version that should already be shown is tried again with the state's next look.
  return staged_ && at > now_ ? std::optional(at) : std::nullopt;
}

// The shown certificate may have been revoked while its successor waits.
bool Attempt::must_show_staged() {
  const sources::ObtainRequest request{.spec = spec_,
                                       .current = &*current_,
                                       .is_due = false,
                                       .lease = parts_.lease,
                                       .now = now_,
                                       .on_revoked = revocation_of(&*current_)};
  const Result<bool> must_go = parts_.source.must_go(request);
  now_ = parts_.clock.now();
  if (!must_go || !*must_go) return false;
  parts_.log.notice("{}version {} was revoked, so version {} does not wait", prefix(), version_,
                    staged_->info.number);
  return true;
}

std::optional<State> Attempt::show_staged() {
  const store::VersionNumber version = staged_->info.number;
  Result<std::vector<std::byte>> response =
      first_response(staged_->bundle, staged_->info.origin, urge_ == Urge::revoked);
  if (!response && response.error().kind() == ErrorKind::invalid) {
    drop_staged(version, response.error().message());
    return std::nullopt;
  }
  if (!response) return waiting(std::move(response).error());
  if (Result<void> shown = installer_.show(spec_.name, *staged_); !shown) {
    return failed(
        std::move(shown).error().with_context(fmt::format("make version {} current", version)));
  }
  // If this fails, the response is asked for again, and the versions are removed later.
  if (!response->empty()) {
    static_cast<void>(parts_.store.keep_response(parts_.lease, spec_.name, version, *response));
  }
  static_cast<void>(parts_.store.prune(parts_.lease, spec_.name, spec_.keep));
  current_ = std::exchange(staged_, std::nullopt);
  canary_.reset();
  is_current_intact_ = true;
  version_ = version;
  info_ = current_->info;
  has_installed_ = true;
  deadline_ = deadline_of(parts_.store, spec_, current_->bundle, current_->info);
  parts_.log.notice("{}version {} is current (serial {}, valid until {}); it was stored at {}",
                    prefix(), version, info_->serial, format_time(info_->not_after),
                    format_time(info_->installed_at));
  // The operator waits for this version.
  if (urge_ == Urge::wanted) return valid();
  if (urge_ == Urge::due && due(before_) > now_) return before_;
  return std::nullopt;
}

bool Attempt::has_to_wait(const sources::Obtained& obtained) const {
  // If a version waits, the source has judged that one and not the shown one.
  const bool must_go = obtained.current_must_go && !staged_;
  return !must_go && shown_from(std::nullopt) > now_;
}

State Attempt::staged(const sources::Obtained& obtained, const store::VersionInfo& info) {
  staged_ = store::StoredCertificate{.bundle = obtained.bundle, .info = info};
  canary_.reset();
  deadline_ = deadline_of(parts_.store, spec_, obtained.bundle, info);
  const Time opening = activation();
  const std::string window =
      opening > now_ ? fmt::format("it is {} from {} on ({}), and version {} until then",
                                   shown_from(canary_) > opening ? "tried out" : "shown",
                                   format_time(opening), to_string(spec_.activation), version_)
                     : fmt::format("version {} stays current meanwhile", version_);
  parts_.log.notice("{}stored version {} from {} (serial {}, valid until {}); {}", prefix(),
                    info.number, info.origin, info.serial, format_time(info.not_after), window);
  say_left_out(parts_.log, spec_.name, obtained.bundle);
  warn_if_short(info);
  if (opening <= now_) {
    if (std::optional<State> state = begin_canary(); state && !canary_) return *std::move(state);
  }
  return valid();
}

}  // namespace ccm::lifecycle
