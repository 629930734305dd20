// SPDX-License-Identifier: Apache-2.0
// The lock-out guard of programs that do not live long enough to need a persistent one: ccmctl and
// tests. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cloud/identity/session.h"

namespace ccm::cloud {

class MemoryLockoutGuard final : public LockoutGuard {
 public:
  // Five lock the key (docs/design/auth.md, "Limits and lock-out"), so the operator has some
  // attempts left.
  static constexpr int kRefusalLimit = 2;

  Result<void> may_try(std::string_view credentials_fingerprint) override;
  void refused(std::string_view credentials_fingerprint, std::string_view reason) override;
  void accepted(std::string_view credentials_fingerprint) override;

 private:
  struct Refusals {
    int count = 0;
    std::string reason;
  };

  std::mutex mutex_;
  std::map<std::string, Refusals, std::less<>> refusals_;
};

}  // namespace ccm::cloud
