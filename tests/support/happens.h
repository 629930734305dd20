// SPDX-License-Identifier: Apache-2.0
// Waiting for what other threads or processes do.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace ccm::test {

// Whether the condition holds within that time; asked every 10 ms.
inline bool happens(const std::function<bool()>& condition,
                    std::chrono::milliseconds within = std::chrono::seconds(30)) {
  constexpr std::chrono::milliseconds kPause{10};
  for (std::chrono::milliseconds waited{0}; waited < within; waited += kPause) {
    if (condition()) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

}  // namespace ccm::test
