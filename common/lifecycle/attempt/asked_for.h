// SPDX-License-Identifier: Apache-2.0
// Decides which of the names that clients ask for are looked up in an account, so that a flood of
// made-up names costs a bounded number of calls. Names are looked up one after the other, a limited
// number in a minute: first those that were asked for most often, then the latest. A name that was
// not found is not looked up again for a while. Names that do not fit in are dropped, because a
// client that needs one asks again.
//
// A value that is given the time; not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace ccm::lifecycle {

// Allows a number of things at once, and then as many in each minute.
class Allowance {
 public:
  Allowance(double most, double a_minute) noexcept
      : most_(most), a_second_(a_minute / 60), left_(most) {}

  // Takes one, if there is one.
  bool take(SteadyTime now) noexcept {
    fill(now);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }
  // How long until one is allowed.
  Seconds wait(SteadyTime now) noexcept {
    fill(now);
    if (left_ >= 1) return Seconds(0);
    return Seconds(1 + static_cast<Seconds::rep>((1 - left_) / a_second_));
  }

 private:
  void fill(SteadyTime now) noexcept {
    if (since_) {
      const std::chrono::duration<double> passed = now - *since_;
      left_ = std::min(most_, left_ + passed.count() * a_second_);
    }
    since_ = now;
  }

  double most_;
  double a_second_;
  double left_;
  std::optional<SteadyTime> since_;
};

class AskedFor {
 public:
  static constexpr double kMostAtOnce = 10;
  static constexpr double kMostInMinute = 30;
  static constexpr std::size_t kMostWaiting = 256;
  static constexpr std::size_t kMostNoes = 10'000;
  // How long a name that was not found is not looked up again.
  static constexpr Seconds kNo{600};

  // To be called when a client has asked for the name and there is no certificate.
  void ask(std::string name, SteadyTime now);
  // The next name that may be looked up now.
  std::optional<std::string> next(SteadyTime now);
  // To be called when a name was not found.
  void note_no(std::string name, SteadyTime now);
  bool is_waiting() const noexcept { return !waiting_.empty(); }
  Seconds wait(SteadyTime now) noexcept { return allowance_.wait(now); }

 private:
  Allowance allowance_{kMostAtOnce, kMostInMinute};
  struct Waiting {
    std::uint64_t times = 0;
    std::uint64_t order = 0;  // of the last question
  };
  using Names = std::unordered_map<std::string, Waiting>;
  static bool is_before(const Names::value_type& a, const Names::value_type& b) noexcept;

  Names waiting_;
  std::uint64_t asked_ = 0;
  std::unordered_map<std::string, SteadyTime> noes_;
  std::deque<std::string> oldest_no_;  // the names of the same map, the oldest first
};

}  // namespace ccm::lifecycle
