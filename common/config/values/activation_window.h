// SPDX-License-Identifier: Apache-2.0
// The hours of a week in which a certificate may change: "Mon-Fri 02:00-05:00 Asia/Shanghai". Plain
// data and pure functions, except that parsing checks whether this system has the time zone.
// policy/opening.h says when a window is open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ccm::config {

struct ActivationWindow {
  std::uint8_t days = 0;  // a bit for each day on which it opens, Monday the lowest; 0: no window
  Seconds from{};         // since midnight, local time
  Seconds until{};        // at most 24 h; if not later than `from`: on the next day
  std::string zone = {};  // a name for TimeZone::load()

  bool is_set() const noexcept { return days != 0; }
  friend bool operator==(const ActivationWindow&, const ActivationWindow&) = default;
};

// "[DAYS] HH:MM-HH:MM [ZONE]" as one word or several, or "off".
Result<ActivationWindow> parse_activation_window(const std::vector<std::string>& arguments);
// The text from which the window was parsed.
std::string to_string(const ActivationWindow& window);

}  // namespace ccm::config
