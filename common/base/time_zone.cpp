// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace ccm {
namespace {

using std::chrono::days;

constexpr const char* kDatabase = "/usr/share/zoneinfo";
constexpr const char* kHostZone = "/etc/localtime";
// The largest file of the database has four kilobytes.
constexpr std::size_t kLargestFile = std::size_t{1} << 20U;
constexpr std::size_t kHeader = 44;

bool is_zone_name(std::string_view name) {
  constexpr std::string_view kOthers = "_+-/";
  const bool is_clean = std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
  return is_clean && !name.starts_with('/') && !name.ends_with('/') && name.size() <= 100;
}

Result<TimeZone> load_file(const std::string& path) {
  const Handle<char, free> real(realpath(path.c_str(), nullptr));
  if (real == nullptr) return fail(ErrorKind::rejected, "there is no such file");
  const Result<std::string> file = read_file(real.get(), kLargestFile);
  if (!file) return fail(file.error());
  return TimeZone::parse(*file);
}

// "EST5EDT,M3.2.0,M11.1.0" (RFC 9636, section 3.3.1; POSIX, "TZ"), read from its begin to its end.
class RuleText {
 public:
  explicit RuleText(std::string_view text) : rest_(text) {}

  bool is_at_end() const noexcept { return rest_.empty(); }
  bool has_failed() const noexcept { return has_failed_; }
  bool take(char wanted) noexcept {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char wanted) noexcept { expect(take(wanted)); }
  void expect(bool is_so) noexcept { has_failed_ = has_failed_ || !is_so; }
  int number() noexcept {
    const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const auto value = parse_unsigned(rest_.substr(0, count));
    rest_.remove_prefix(count);
    has_failed_ = has_failed_ || !value || *value > 10'000;
    return has_failed_ ? 0 : static_cast<int>(*value);
  }
  // "EST", "<+0330>"
  void name() noexcept {
    const bool is_quoted = take('<');
    const std::size_t count =
        is_quoted ? rest_.find('>') : std::min(rest_.find_first_of("+-0123456789,"), rest_.size());
    has_failed_ = has_failed_ || count == 0 || count == std::string_view::npos;
    if (has_failed_) return;
    rest_.remove_prefix(count + (is_quoted ? 1 : 0));
  }
  // "5", "-3:30", "+167:59:59"
  Seconds time() noexcept {
    const bool is_negative = take('-');
    if (!is_negative) static_cast<void>(take('+'));
    std::int64_t seconds = std::int64_t{number()} * 3600;
    if (take(':')) seconds += std::int64_t{number()} * 60;
    if (take(':')) seconds += number();
    return Seconds(is_negative ? -seconds : seconds);
  }

 private:
  std::string_view rest_;
  bool has_failed_ = false;
};

}  // namespace

// Reads a TZif file into a TimeZone.
class TimeZoneFile {
 public:
  explicit TimeZoneFile(std::string_view bytes) : bytes_(bytes) {}

  Result<TimeZone> read();

 private:
  struct Counts {
    std::size_t utc_flags, standard_flags, leaps, times, types, letters;
    std::size_t size(std::size_t time) const noexcept {
      return times * (time + 1) + types * 6 + letters + leaps * (time + 4) + standard_flags +
             utc_flags;
    }
  };

  // Big-endian. The caller makes sure that the bytes are there.
  std::uint64_t number(std::size_t at, std::size_t size) const noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8U | static_cast<unsigned char>(bytes_[at + i]);
    }
    return value;
  }
  std::optional<Counts> header(std::size_t at) const noexcept;
  static std::optional<TimeZone::Rule> rule(std::string_view text);
  static TimeZone::Change change(RuleText& text);

  std::string_view bytes_;
};

std::optional<TimeZoneFile::Counts> TimeZoneFile::header(std::size_t at) const noexcept {
  if (bytes_.size() < at + kHeader || bytes_.substr(at, 4) != "TZif") return std::nullopt;
  const auto count = [&](std::size_t i) {
    return static_cast<std::size_t>(number(at + 20 + 4 * i, 4));
  };
  const Counts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
  const bool is_sane = counts.types >= 1 && counts.types <= 256 && counts.letters <= kLargestFile &&
                       counts.times <= kLargestFile && counts.leaps <= kLargestFile &&
                       counts.standard_flags <= 256 && counts.utc_flags <= 256;
  return is_sane ? std::optional(counts) : std::nullopt;
}

TimeZone::Change TimeZoneFile::change(RuleText& text) {
  using Kind = TimeZone::Change::Kind;
  TimeZone::Change change;
  text.need(',');
  if (text.take('M')) {
    change.kind = Kind::month_week_day;
    for (std::size_t i = 0; i < change.number.size(); ++i) {
      if (i > 0) text.need('.');
      change.number[i] = text.number();
    }
    text.expect(change.number[0] >= 1 && change.number[0] <= 12);
    text.expect(change.number[1] >= 1 && change.number[1] <= 5 && change.number[2] <= 6);
  } else {
    change.kind = text.take('J') ? Kind::julian : Kind::day;
    change.number[0] = text.number();
    text.expect(change.number[0] <= 365);
  }
  change.at = text.take('/') ? text.time() : Seconds(2 * 3600);
  return change;
}

std::optional<TimeZone::Rule> TimeZoneFile::rule(std::string_view text) {
  RuleText in(text);
  TimeZone::Rule rule;
  in.name();
  rule.standard = -in.time();
  if (!in.is_at_end()) {
    in.name();
    rule.summer = rule.standard + Seconds(3600);
    RuleText probe = in;
    if (!probe.take(',')) rule.summer = -in.time();
    const TimeZone::Change to_summer = change(in);
    rule.changes = std::array<TimeZone::Change, 2>{to_summer, change(in)};
  }
  if (in.has_failed() || !in.is_at_end()) return std::nullopt;
  return rule;
}

// The second part of the file, whose times have 64 bits; the first one is for old programs.
Result<TimeZone> TimeZoneFile::read() {
  const auto no_file = [] { return fail(ErrorKind::invalid, "it is no file of a time zone"); };
  const auto old = header(0);
  if (!old || bytes_[4] < '2') return no_file();
  const std::size_t start = kHeader + old->size(4);
  const auto counts = header(start);
  if (!counts || bytes_.size() < start + kHeader + counts->size(8)) return no_file();
  const std::size_t times = start + kHeader;
  const std::size_t kinds = times + counts->times * 8;
  const std::size_t types = kinds + counts->times;
  const auto offset_of = [&](std::size_t type) {
    return Seconds(static_cast<std::int32_t>(number(types + 6 * type, 4)));
  };
  TimeZone zone;
  zone.first_ = offset_of(0);
  for (std::size_t i = 0; i < counts->times; ++i) {
    const auto type = static_cast<std::size_t>(number(kinds + i, 1));
    if (type >= counts->types) return no_file();
    zone.transitions_.push_back(
        {Time(Seconds(static_cast<std::int64_t>(number(times + 8 * i, 8)))), offset_of(type)});
  }
  std::string_view footer = bytes_.substr(start + kHeader + counts->size(8));
  if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return no_file();
  footer = footer.substr(1, footer.size() - 2);
  if (footer.empty()) return zone;
  zone.rule_ = rule(footer);
  if (!zone.rule_) return no_file();
  return zone;
}

Time TimeZone::Change::in(int year) const noexcept {
  using std::chrono::January, std::chrono::days, std::chrono::last, std::chrono::sys_days;
  const std::chrono::year its_year(year);
  const sys_days first = its_year / January / 1;
  if (kind == Kind::day) return first + days(number[0]) + at;
  if (kind == Kind::julian) {
    const bool is_behind_leap_day = its_year.is_leap() && number[0] >= 60;
    return first + days(number[0] - (is_behind_leap_day ? 0 : 1)) + at;
  }
  const std::chrono::month its_month(static_cast<unsigned>(number[0]));
  const std::chrono::weekday its_weekday(static_cast<unsigned>(number[2]));
  // The number 5 means the last such weekday of the month.
  const sys_days day =
      number[1] >= 5
          ? sys_days(its_year / its_month / its_weekday[last])
          : sys_days(its_year / its_month / its_weekday[static_cast<unsigned>(number[1])]);
  return day + at;
}

Seconds TimeZone::Rule::offset_at(Time time) const noexcept {
  if (!changes) return standard;
  const auto day = std::chrono::floor<days>(time + standard);
  const int year = static_cast<int>(std::chrono::year_month_day(day).year());
  const Time begin = (*changes)[0].in(year)-standard;
  const Time end = (*changes)[1].in(year)-summer;
  const bool is_summer = begin < end ? begin <= time && time < end : !(end <= time && time < begin);
  return is_summer ? summer : standard;
}

Seconds TimeZone::offset_at(Time time) const noexcept {
  const auto next =
      std::upper_bound(transitions_.begin(), transitions_.end(), time,
                       [](Time wanted, const Transition& each) { return wanted < each.at; });
  if (next == transitions_.end() && rule_) return rule_->offset_at(time);
  return next == transitions_.begin() ? first_ : std::prev(next)->offset;
}

Result<TimeZone> TimeZone::parse(std::string_view file) {
  return TimeZoneFile(file).read();
}

Result<TimeZone> TimeZone::load(const std::string& name) {
  if (name == "UTC") return TimeZone();
  if (name.empty()) {
    if (access(kHostZone, F_OK) != 0) return TimeZone();
    Result<TimeZone> zone = load_file(kHostZone);
    if (zone) return zone;
    return fail(ErrorKind::invalid, fmt::format("the time zone of this host ({}) cannot be read: "
                                                "{}; name one, such as Asia/Shanghai or UTC",
                                                kHostZone, zone.error().message()));
  }
  if (access(kDatabase, X_OK) != 0) {
    return fail(ErrorKind::invalid,
                fmt::format("this system has no time zones ({}), and \"{}\" is one; install the "
                            "package tzdata, or write UTC",
                            kDatabase, printable(name)));
  }
  Result<TimeZone> zone = is_zone_name(name) ? load_file(fmt::format("{}/{}", kDatabase, name))
                                             : Result<TimeZone>(fail(ErrorKind::invalid, ""));
  if (zone) return zone;
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is no time zone of this system; write one of those in {}, such "
                          "as Asia/Shanghai, or UTC",
                          printable(name), kDatabase));
}

}  // namespace ccm
