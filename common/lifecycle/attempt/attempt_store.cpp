// SPDX-License-Identifier: Apache-2.0
// The part of an attempt that finds what is installed and repairs it.
#include <utility>

#include "lifecycle/attempt/attempt.h"
#include "lifecycle/schedule/hold.h"
#include "policy/gate.h"
#include "store/staging.h"

namespace ccm::lifecycle {

Result<void> Attempt::look_at_store() {
  Result<store::StoreReader::Loaded> loaded = parts_.store.load(spec_.name);
  if (!loaded) return fail(std::move(loaded).error().with_context("read the store"));
  current_ = std::move(loaded->certificate);
  if (current_ && parts_.store.current_version(spec_.name) == 0) prefer_what_was_current();
  bool is_damaged = loaded->damage.has_value();
  if (is_damaged || !current_) {
    Result<bool> is_back = put_back(loaded->damage);
    if (!is_back) return pass(std::move(is_back));
    is_damaged = is_damaged && !*is_back;
  }
  if (current_) {
    version_ = current_->info.number;
    info_ = current_->info;
    deadline_ = deadline_of(parts_.store, spec_, current_->bundle, current_->info);
  }
  if (is_damaged) {
    parts_.log.error("{}{}; {}", prefix(), loaded->damage->message(), standing());
    mend();
  } else if (current_ && parts_.store.current_version(spec_.name) == 0) {
    parts_.log.notice("{}no version was current; version {} is again", prefix(), version_);
    mend();
  }
  is_current_intact_ = current_ && !is_damaged;
  return {};
}

// Only the link `current` is lost. The newest version may be one that was rolled back or that
// waits.
void Attempt::prefer_what_was_current() {
  store::VersionNumber before = held_version(parts_.store, spec_.name);
  if (before == 0 && parts_.last_copy_of) {
    const auto copy = parts_.last_copy_of(spec_.name);
    before = copy ? copy->version : 0;
  }
  if (before == 0 || before == current_->info.number) return;
  Result<store::StoredCertificate> intact = parts_.store.load_version(spec_.name, before);
  if (intact) current_ = *std::move(intact);
}

// Makes the intact version `current` again, because other programs on the host read it there.
void Attempt::mend() {
  if (!current_) return;
  const Result<void> done = installer_.mend(spec_.name, *current_);
  if (!done) parts_.log.warn("{}{}", prefix(), done.error().message());
}

// When the current version is lost, a successor that waits is shown at once.
bool Attempt::has_newer_staged(store::VersionNumber than) const {
  const store::VersionNumber version = store::staged_version(parts_.store, spec_.name);
  if (version <= than || held_version(parts_.store, spec_.name) == than) return false;
  const auto staged = parts_.store.load_version(spec_.name, version);
  return staged && policy::check_installed(spec_, staged->bundle, now_);
}

// The store is believed while it has anything as new as the copy. If the store cannot take the
// copy, it could not take a new certificate either, so none is obtained.
Result<bool> Attempt::put_back(const std::optional<Error>& damage) {
  const auto copy = parts_.last_copy_of ? parts_.last_copy_of(spec_.name) : std::nullopt;
  if (!copy || !is_newer(*copy, current_) || has_newer_staged(copy->version)) return false;
  const std::string loss = damage ? damage->message() : "the store has lost what was installed";
  const Result<store::VersionInfo> info =
      installer_.put_back(spec_, *copy, current_ ? current_->info.number : 0, now_);
  if (!info && info.error().kind() == ErrorKind::rejected) {
    parts_.log.notice("{}{}; the last copy (version {}) is not good any more: {}", prefix(), loss,
                      copy->version, info.error().message());
    return false;
  }
  if (!info) return fail(Error(info.error()).with_context(loss + "; put back the last copy"));
  Result<store::StoreReader::Loaded> loaded = parts_.store.load(spec_.name);
  if (!loaded) return fail(std::move(loaded).error().with_context("read the store"));
  current_ = std::move(loaded->certificate);
  parts_.log.write(
      damage ? Severity::error : Severity::warn,
      fmt::format("{}{}; the last copy is installed again as version {} (serial {}, from {}, valid "
                  "until {})",
                  prefix(), loss, info->number, info->serial, info->origin,
                  format_time(info->not_after)));
  return true;
}

}  // namespace ccm::lifecycle
