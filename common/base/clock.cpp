// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/last_second.h"

namespace ccm {
namespace {

struct Unit {
  std::int64_t seconds;
  std::string_view suffix;
};

constexpr std::array<Unit, 4> kUnits{{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}}};

// The years 0 to 9999, the range of dates in certificates.
constexpr std::int64_t kEarliest = -62'167'219'200;

// system_clock::to_time_t counts in nanoseconds, which end in the year 2262.
std::tm utc(Time time) {
  const std::int64_t seconds = time.time_since_epoch().count();
  return fmt::gmtime(static_cast<std::time_t>(std::clamp(seconds, kEarliest, kLastSecond)));
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::floor<Seconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const {
  return std::chrono::steady_clock::now();
}

std::string format_time(Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(time));
}

std::string format_compact_time(Time time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", utc(time));
}

std::string format_duration(Seconds duration) {
  const std::int64_t total = duration.count();
  const std::string sign = total < 0 ? "-" : "";
  std::int64_t rest = total < 0 ? -total : total;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (rest < kUnits[i].seconds && i + 1 < kUnits.size()) continue;
    std::string text = fmt::format("{}{}{}", sign, rest / kUnits[i].seconds, kUnits[i].suffix);
    rest %= kUnits[i].seconds;
    if (i + 1 < kUnits.size() && rest >= kUnits[i + 1].seconds) {
      text += fmt::format(" {}{}", rest / kUnits[i + 1].seconds, kUnits[i + 1].suffix);
    }
    return text;
  }
  return "0s";
}

}  // namespace ccm
