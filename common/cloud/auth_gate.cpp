#include "cloud/auth_gate.h"

namespace ccm::cloud {

AuthGate::Lane AuthGate::enter(std::string_view fingerprint) {
  std::unique_lock lock(mutex_);
  if (fingerprint_ != fingerprint) {
    fingerprint_ = fingerprint;
    trusted_ = false;
  }
  changed_.wait(lock, [&] { return inside_ < (trusted_ ? 2 : 1); });
  ++inside_;
  return Lane(*this);
}

void AuthGate::accepted() {
  const std::lock_guard lock(mutex_);
  trusted_ = true;
  changed_.notify_all();
}

void AuthGate::refused() {
  const std::lock_guard lock(mutex_);
  trusted_ = false;
}

void AuthGate::leave() {
  const std::lock_guard lock(mutex_);
  --inside_;
  changed_.notify_all();
}

}  // namespace ccm::cloud
