// SPDX-License-Identifier: Apache-2.0
#include "cloud/identity/lockout.h"

#include <fmt/format.h>

namespace ccm::cloud {

Result<void> MemoryLockoutGuard::may_try(std::string_view credentials_fingerprint) {
  const std::lock_guard lock(mutex_);
  const auto found = refusals_.find(credentials_fingerprint);
  if (found == refusals_.end() || found->second.count < kRefusalLimit) return {};
  return fail(ErrorKind::unauthorized,
              fmt::format("the credentials were refused {} times in a row and are not tried again, "
                          "so that the cloud does not lock the key; correct them (last answer: {})",
                          found->second.count, found->second.reason));
}

void MemoryLockoutGuard::refused(std::string_view credentials_fingerprint,
                                 std::string_view reason) {
  const std::lock_guard lock(mutex_);
  Refusals& refusals = refusals_[std::string(credentials_fingerprint)];
  ++refusals.count;
  refusals.reason = reason;
}

void MemoryLockoutGuard::accepted(std::string_view credentials_fingerprint) {
  const std::lock_guard lock(mutex_);
  const auto found = refusals_.find(credentials_fingerprint);
  if (found != refusals_.end()) refusals_.erase(found);
}

}  // namespace ccm::cloud
