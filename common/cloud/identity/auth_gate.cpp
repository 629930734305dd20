// SPDX-License-Identifier: Apache-2.0
#include "cloud/identity/auth_gate.h"

#include <algorithm>
#include <chrono>

namespace ccm::cloud {
namespace {

constexpr std::ptrdiff_t kMostAtOnce = 2;
// How often a waiting call looks whether another one has become old.
constexpr std::chrono::milliseconds kBetweenLooks{100};

}  // namespace

AuthGate::Lane AuthGate::enter(std::string_view fingerprint, std::string_view service) {
  std::unique_lock lock(mutex_);
  if (fingerprint_ != fingerprint) {
    fingerprint_ = fingerprint;
    standing_ = Standing::unknown;
  }
  while (!has_place_for(service)) changed_.wait_for(lock, kBetweenLooks);
  inside_.push_back({.service = std::string(service), .since = clock_.steady_now()});
  return Lane(*this, std::prev(inside_.end()));
}

bool AuthGate::has_place_for(std::string_view service) const {
  switch (standing_) {
    case Standing::refused:
      return inside_.empty();
    case Standing::unknown:
      return inside_.size() < kMostAtOnce &&
             std::none_of(inside_.begin(), inside_.end(),
                          [&](const Call& call) { return call.service == service; });
    case Standing::trusted:
      break;
  }
  const SteadyTime now = clock_.steady_now();
  return std::count_if(inside_.begin(), inside_.end(), [&](const Call& call) {
           return now - call.since < kPatience;
         }) < kMostAtOnce;
}

void AuthGate::accepted() {
  const std::lock_guard lock(mutex_);
  standing_ = Standing::trusted;
  changed_.notify_all();
}

void AuthGate::refused() {
  const std::lock_guard lock(mutex_);
  standing_ = Standing::refused;
}

void AuthGate::leave(std::list<Call>::iterator call) {
  const std::lock_guard lock(mutex_);
  inside_.erase(call);
  changed_.notify_all();
}

}  // namespace ccm::cloud
