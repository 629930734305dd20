// SPDX-License-Identifier: Apache-2.0
// The part of an attempt that tries a version out on a share of the handshakes: when that begins,
// and how it ends.
#include <fmt/format.h>

#include <utility>

#include "lifecycle/attempt/activation.h"
#include "lifecycle/attempt/attempt.h"
#include "store/host/canary_file.h"

namespace ccm::lifecycle {
namespace {

std::string share_of(const CanarySide& side) {
  return fmt::format("{} of {}", side.failed(), side.shown());
}

// "bad_certificate 3, unknown_ca 2"; empty when no alert gave a reason.
std::string reasons_of(const CanarySide& side) {
  std::string text;
  for (std::size_t i = kFirstCanaryReason; i < kCanaryCounts; ++i) {
    if (side.counts[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", to_string(static_cast<CanaryCount>(i)),
                        side.counts[i]);
  }
  return text;
}

// The place where a rise was seen; "" if there is only one place, or if it was seen everywhere.
std::string place_of(const policy::CanaryRise& rise) {
  if (!rise.host) return "";
  if (rise.host->empty()) return " on this host";
  if (*rise.host == store::kOtherHosts) return " on the other hosts";
  return fmt::format(" on the host \"{}\"", *rise.host);
}

std::string comparison_of(const CanaryTally& tally, std::string_view place = "") {
  const std::string reasons = reasons_of(tally.candidate);
  return fmt::format("{} handshakes with it failed{}{}{}{}, and {} with the current version",
                     share_of(tally.candidate), reasons.empty() ? "" : " (", reasons,
                     reasons.empty() ? "" : ")", place, share_of(tally.current));
}

}  // namespace

// When a successor is shown to everybody; `canary`: when it is tried out. A version that would be
// tried out for too long is not tried out.
Time Attempt::shown_from(const std::optional<store::Canary>& canary) const {
  const Time opening = activation();
  if (!spec_.canary.is_set() || !may_wait()) return opening;
  const Time latest = latest_activation(current_->bundle, current_->info);
  if (canary) return end_of_canary(spec_.canary, *canary, latest, now_);
  return opening + spec_.canary.time <= latest ? opening + spec_.canary.time : opening;
}

// nullopt: go on with the source.
std::optional<State> Attempt::look_at_staged() {
  if (canary_) {
    if (std::optional<State> state = judge_canary()) return state;
  }
  if (shown_from(canary_) <= now_) return show_staged();
  const bool is_to_begin = canary_ ? is_begun_ahead(*canary_, now_) : activation() <= now_;
  if (is_to_begin) {
    if (std::optional<State> state = begin_canary()) return state;
  }
  return staged_ && must_show_staged() ? show_staged() : std::nullopt;
}

std::optional<State> Attempt::begin_canary() {
  if (!fetch_canary_response()) return std::nullopt;
  const store::Canary canary{.version = staged_->info.number, .since = now_};
  if (Result<void> begun = store::begin_canary(parts_.store, parts_.lease, spec_.name, canary);
      !begun) {
    return failed(
        std::move(begun).error().with_context(fmt::format("try out version {}", canary.version)));
  }
  canary_ = canary;
  parts_.log.notice(
      "{}version {} is tried out from now on, until {}, with {}% of the handshakes; the others are "
      "shown version {}",
      prefix(), canary.version, format_time(shown_from(canary_)), spec_.canary.percent, version_);
  if (urge_ == Urge::due && due(before_) > now_) return before_;
  return std::nullopt;
}

// Gets an OCSP response for the canary, if the responder has one. False: the certificate was
// revoked.
bool Attempt::fetch_canary_response() {
  const crypto::Certificate& leaf = staged_->bundle.leaf();
  const crypto::Certificate* issuer = store::issuer_of(staged_->bundle);
  const bool is_wanted = spec_.stapling && parts_.responder != nullptr && issuer != nullptr &&
                         !responder_of(leaf).empty() && staged_->ocsp_response.empty();
  if (!is_wanted) return true;
  const Result<OcspReply> reply = parts_.responder->ask(leaf, *issuer);
  now_ = parts_.clock.now();
  if (!reply) return true;
  if (reply->says.status == crypto::OcspStatus::revoked) {
    drop_staged(staged_->info.number,
                fmt::format("{} says that it was revoked", responder_of(leaf)));
    return false;
  }
  static_cast<void>(
      parts_.store.keep_response(parts_.lease, spec_.name, staged_->info.number, reply->der));
  return true;
}

// Ends the canary at once if an operator wants that or the shown certificate was revoked.
std::optional<State> Attempt::judge_canary() {
  if (!parts_.canary_counter || !spec_.canary.is_set() || !may_wait()) return std::nullopt;
  const HostTallies hosts = parts_.canary_counter(spec_.name, *canary_);
  if (const auto rise = policy::find_rise(hosts)) return take_back(*rise);
  if (shown_from(canary_) <= now_) {
    parts_.log.notice("{}the canary of version {} is over: {}", prefix(), canary_->version,
                      comparison_of(sum_of(hosts)));
  }
  return std::nullopt;
}

State Attempt::take_back(const policy::CanaryRise& rise) {
  const std::string sentence =
      fmt::format("version {} was tried out and is taken back: {}; version {} stays and is held",
                  canary_->version, comparison_of(rise.tally, place_of(rise)), version_);
  if (Result<void> done = installer_.take_back(spec_.name, version_, *staged_, sentence); !done) {
    return failed(std::move(done).error().with_context(
        fmt::format("take back version {}, with which handshakes fail", canary_->version)));
  }
  parts_.log.write(Severity::alert, prefix() + sentence);
  staged_.reset();
  canary_.reset();
  deadline_ = deadline_of(parts_.store, spec_, current_->bundle, current_->info);
  return valid();
}

}  // namespace ccm::lifecycle
