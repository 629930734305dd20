// SPDX-License-Identifier: Apache-2.0
// When a window (config/values/activation_window.h) is open. Pure.
//
// Windows are in local time. An hour that occurs twice when the clocks go back is open twice. When
// the clocks go forward, the skipped part of a window is missing; a window that lies in the skipped
// hours is not open on that day.
#pragma once

#include "base/clock.h"
#include "base/time_zone.h"
#include "config/values/activation_window.h"

namespace ccm::policy {

bool is_open(const config::ActivationWindow& window, const TimeZone& zone, Time time) noexcept;
// The first moment from `now` on at which the window is open.
Time next_opening(const config::ActivationWindow& window, const TimeZone& zone, Time now) noexcept;

}  // namespace ccm::policy
