// SPDX-License-Identifier: Apache-2.0
#include "config/values/activation_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/time_zone.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

constexpr std::array<std::string_view, 7> kDayNames = {"Mon", "Tue", "Wed", "Thu",
                                                       "Fri", "Sat", "Sun"};
constexpr std::uint8_t kEveryDay = 0x7f;
constexpr Seconds kWholeDay{86400};

std::optional<std::size_t> day_of(std::string_view name) {
  for (std::size_t i = 0; i < kDayNames.size(); ++i) {
    if (equals_ignoring_case(name, kDayNames[i])) return i;
  }
  return std::nullopt;
}

Failure wrong_days(std::string_view text) {
  return wrong(text, "are no days of the week; write Mon-Fri, or Sat,Sun");
}

Result<std::uint8_t> parse_days(std::string_view text) {
  std::uint8_t days = 0;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    const auto first = day_of(part.substr(0, dash));
    const auto last = dash == part.npos ? first : day_of(part.substr(dash + 1));
    if (!first || !last) return wrong_days(text);
    for (std::size_t day = *first;; day = (day + 1) % kDayNames.size()) {
      days = static_cast<std::uint8_t>(days | (1U << day));
      if (day == *last) break;
    }
  }
  return days;
}

std::optional<Seconds> parse_time_of_day(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon > 2 || text.size() != colon + 3) {
    return std::nullopt;
  }
  const auto hour = parse_unsigned(text.substr(0, colon));
  const auto minute = parse_unsigned(text.substr(colon + 1));
  if (!hour || !minute || *minute > 59) return std::nullopt;
  const Seconds time(static_cast<Seconds::rep>(*hour * 3600 + *minute * 60));
  return time <= kWholeDay ? std::optional(time) : std::nullopt;
}

Result<void> parse_hours(std::string_view text, ActivationWindow& window) {
  const std::size_t dash = text.find('-');
  const auto from = parse_time_of_day(text.substr(0, dash));
  const auto until = parse_time_of_day(dash == text.npos ? "" : text.substr(dash + 1));
  if (!from || !until || *from == kWholeDay) {
    return wrong(text, "is no time of a day; write 02:00-05:00");
  }
  if (*from == *until) {
    return wrong(text, "ends when it begins; the whole day is 00:00-24:00");
  }
  window.from = *from;
  window.until = *until;
  return {};
}

std::string time_text(Seconds time) {
  return fmt::format("{:02}:{:02}", time.count() / 3600, time.count() / 60 % 60);
}

}  // namespace

Result<ActivationWindow> parse_activation_window(const std::vector<std::string>& arguments) {
  const std::string text = join(arguments, " ");
  std::vector<std::string_view> words = split(text, ' ');
  std::erase(words, std::string_view());
  if (words.size() == 1 && words[0] == "off") return ActivationWindow();
  const auto has_hours = [](std::string_view word) { return word.find(':') != word.npos; };
  const std::size_t hours = !words.empty() && has_hours(words[0]) ? 0 : 1;
  if (words.size() <= hours || words.size() > hours + 2) {
    return wrong(text,
                 "is no window; write days, hours and a time zone, such as "
                 "\"Mon-Fri 02:00-05:00 Asia/Shanghai\"");
  }
  ActivationWindow window{.days = kEveryDay};
  if (hours == 1) {
    const auto days = parse_days(words[0]);
    if (!days) return fail(days.error());
    window.days = *days;
  }
  if (auto parsed = parse_hours(words[hours], window); !parsed) return pass(std::move(parsed));
  if (words.size() == hours + 2) window.zone = words[hours + 1];
  if (const auto zone = TimeZone::load(window.zone); !zone) return fail(zone.error());
  return window;
}

std::string to_string(const ActivationWindow& window) {
  if (!window.is_set()) return "off";
  std::vector<std::string> days;
  for (std::size_t day = 0; day < kDayNames.size(); ++day) {
    if (((window.days >> day) & 1) != 0) days.emplace_back(kDayNames[day]);
  }
  const std::string hours = fmt::format("{}-{}", time_text(window.from), time_text(window.until));
  return fmt::format("{}{}{}{}", window.days == kEveryDay ? "" : join(days, ",") + " ", hours,
                     window.zone.empty() ? "" : " ", window.zone);
}

}  // namespace ccm::config
