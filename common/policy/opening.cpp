// SPDX-License-Identifier: Apache-2.0
#include "policy/opening.h"

namespace ccm::policy {
namespace {

constexpr std::int64_t kSecondsOfDay = 86400;
constexpr std::int64_t kDaysOfWeek = 7;
// No time zone changes its offset so often in a week.
constexpr int kMostSteps = 16;

// What a clock on the wall shows.
struct WallTime {
  std::int64_t weekday;  // Monday is 0
  Seconds of_day;
};

WallTime wall_time(Time local) noexcept {
  constexpr std::int64_t kFirstWeekday = 3;  // 1970 began on a Thursday
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::int64_t weekday = (day.time_since_epoch().count() + kFirstWeekday) % kDaysOfWeek;
  return {(weekday + kDaysOfWeek) % kDaysOfWeek, local - day};
}

bool opens_on(const config::ActivationWindow& window, std::int64_t weekday) noexcept {
  return ((window.days >> (weekday % kDaysOfWeek)) & 1) != 0;
}

bool is_open_at(const config::ActivationWindow& window, const WallTime& wall) noexcept {
  const bool is_after_begin = wall.of_day >= window.from;
  const bool is_before_end = wall.of_day < window.until;
  if (window.from < window.until) {
    return opens_on(window, wall.weekday) && is_after_begin && is_before_end;
  }
  return (opens_on(window, wall.weekday) && is_after_begin) ||
         (opens_on(window, wall.weekday + kDaysOfWeek - 1) && is_before_end);
}

// The wait until the wall clock shows the next begin, if its offset does not change meanwhile.
Seconds wait_for_begin(const config::ActivationWindow& window, const WallTime& wall) noexcept {
  for (std::int64_t ahead = 0; ahead <= kDaysOfWeek; ++ahead) {
    const Seconds wait = Seconds(ahead * kSecondsOfDay) + window.from - wall.of_day;
    if (wait > Seconds::zero() && opens_on(window, wall.weekday + ahead)) return wait;
  }
  return Seconds(kDaysOfWeek * kSecondsOfDay);
}

// The offset at `late` differs from that at `early`. Returns the first moment with the new one.
Time change_between(const TimeZone& zone, Time early, Time late) noexcept {
  const Seconds before = zone.offset_at(early);
  while (late - early > Seconds(1)) {
    const Time middle = early + (late - early) / 2;
    (zone.offset_at(middle) == before ? early : late) = middle;
  }
  return late;
}

}  // namespace

bool is_open(const config::ActivationWindow& window, const TimeZone& zone, Time time) noexcept {
  return is_open_at(window, wall_time(time + zone.offset_at(time)));
}

Time next_opening(const config::ActivationWindow& window, const TimeZone& zone, Time now) noexcept {
  Time time = now;
  for (int step = 0; step < kMostSteps && !is_open(window, zone, time); ++step) {
    const Seconds offset = zone.offset_at(time);
    const Time begin = time + wait_for_begin(window, wall_time(time + offset));
    const bool is_straight = zone.offset_at(begin) == offset;
    time = is_straight ? begin : change_between(zone, time, begin);
  }
  return time;
}

}  // namespace ccm::policy
