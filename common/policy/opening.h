// SPDX-License-Identifier: Apache-2.0
// When a window (config/activation_window.h) is open. Pure.
//
// Local time counts, as a clock on the wall shows it. An hour that the wall clock shows twice is
// open twice. Of hours that it skips, a window has what is left of them; a window that lies within
// them is not open on that day.
#pragma once

#include "base/clock.h"
#include "base/time_zone.h"
#include "config/activation_window.h"

namespace ccm::policy {

bool is_open(const config::ActivationWindow& window, const TimeZone& zone, Time time) noexcept;
// The first moment from `now` on at which it is open.
Time next_opening(const config::ActivationWindow& window, const TimeZone& zone, Time now) noexcept;

}  // namespace ccm::policy
