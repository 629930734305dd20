// SPDX-License-Identifier: Apache-2.0
// A time zone of this system's database: how far its local time is from UTC at any moment. The
// files are read here (TZif, RFC 9636), because libc knows one zone for a whole process and would
// have to be told through its environment (docs/design/decisions/0016-activation-window.md).
//
// A value; load() reads files, everything else is a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ccm {

class TimeZone {
 public:
  // "Asia/Shanghai"; "UTC", which needs no file; empty: the zone of this host (/etc/localtime, and
  // UTC where that is missing). `invalid`: there is none of that name, or its file is no TZif.
  static Result<TimeZone> load(const std::string& name);
  // The content of a TZif file.
  static Result<TimeZone> parse(std::string_view file);

  // Local time minus UTC.
  Seconds offset_at(Time time) const noexcept;

 private:
  friend class TimeZoneFile;

  // The day of a year on which a rule changes the offset, and when on that day.
  struct Change {
    enum class Kind : std::uint8_t { month_week_day, julian, day } kind = Kind::day;
    std::array<int, 3> number{};  // month, week, weekday; or the day
    Seconds at{};                 // of local time, as it was before

    Time in(int year) const noexcept;
  };
  // What holds after the last transition of the file.
  struct Rule {
    Seconds standard{};
    Seconds summer{};
    std::optional<std::array<Change, 2>> changes = {};  // to summer time and back

    Seconds offset_at(Time time) const noexcept;
  };
  struct Transition {
    Time at;
    Seconds offset;
  };

  Seconds first_{};  // before the first transition
  std::vector<Transition> transitions_;
  std::optional<Rule> rule_;
};

}  // namespace ccm
