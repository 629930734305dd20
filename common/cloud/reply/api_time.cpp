// SPDX-License-Identifier: Apache-2.0
#include "cloud/reply/api_time.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
// In seconds this is the year 5138, in milliseconds 1973: no certificate means either by mistake.
constexpr std::int64_t kFirstMillisecond = 100'000'000'000;

// Reads fixed-width fields from the front of a text; any misfit makes `ok` false for good.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  int number(std::size_t width) noexcept {
    const auto value = rest_.size() < width ? std::nullopt : parse_unsigned(rest_.substr(0, width));
    ok_ = ok_ && value.has_value();
    rest_.remove_prefix(std::min(width, rest_.size()));
    return static_cast<int>(value.value_or(0));
  }
  char one_of(std::string_view allowed) noexcept {
    const char found = rest_.empty() ? '\0' : rest_.front();
    ok_ = ok_ && !rest_.empty() && allowed.find(found) != std::string_view::npos;
    if (!rest_.empty()) rest_.remove_prefix(1);
    return found;
  }
  void skip_fraction() noexcept {
    if (rest_.empty() || rest_.front() != '.') return;
    rest_.remove_prefix(1);
    rest_.remove_prefix(std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
  }
  bool at_end() const noexcept { return rest_.empty(); }
  bool ok() const noexcept { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

Seconds read_offset(FieldReader& reader) noexcept {
  if (reader.at_end()) return 0s;
  const char sign = reader.one_of("Zz+-");
  if (sign == 'Z' || sign == 'z') return 0s;
  const auto hours = std::chrono::hours(reader.number(2));
  if (!reader.at_end()) {
    reader.one_of(":");
    const Seconds offset = hours + std::chrono::minutes(reader.number(2));
    return sign == '-' ? -offset : offset;
  }
  return sign == '-' ? -hours : hours;
}

std::optional<Time> parse_calendar_time(std::string_view text) noexcept {
  FieldReader reader(text);
  const auto year = std::chrono::year(reader.number(4));
  reader.one_of("-");
  const auto month = std::chrono::month(static_cast<unsigned>(reader.number(2)));
  reader.one_of("-");
  const auto day = std::chrono::day(static_cast<unsigned>(reader.number(2)));
  reader.one_of("Tt ");
  const int hour = reader.number(2);
  reader.one_of(":");
  const int minute = reader.number(2);
  reader.one_of(":");
  const int second = reader.number(2);
  reader.skip_fraction();
  const Seconds offset = read_offset(reader);
  const std::chrono::year_month_day date(year, month, day);
  if (!reader.ok() || !reader.at_end() || !date.ok()) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const Time midnight = std::chrono::sys_days(date);
  return midnight + std::chrono::hours(hour) + std::chrono::minutes(minute) + Seconds(second) -
         offset;
}

}  // namespace

std::optional<Time> time_from_number(std::int64_t number) noexcept {
  if (number >= kFirstMillisecond) number /= 1000;
  if (number < 0 || number > kLastSecond) return std::nullopt;
  return Time(Seconds(number));
}

std::optional<Time> parse_api_time(std::string_view text) noexcept {
  text = trim(text);
  const auto digits = parse_unsigned(text);
  if (!digits) return parse_calendar_time(text);
  if (*digits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return time_from_number(static_cast<std::int64_t>(*digits));
}

}  // namespace ccm::cloud
