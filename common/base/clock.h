// SPDX-License-Identifier: Apache-2.0
// Time comes in through this seam; nothing in common/ reads a global clock. Wall-clock time is
// whole seconds of UTC because certificates have no finer grain; the steady clock drives time-outs.
//
// Implementations must be safe to call from any thread.
#pragma once

#include <chrono>
#include <string>

namespace ccm {

using Seconds = std::chrono::seconds;
// Seconds of UTC since 1970 without leap seconds.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual SteadyTime steady_now() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Time now() const override;
  SteadyTime steady_now() const override;
};

// "2026-05-10T18:42:00Z" (RFC 3339, UTC).
std::string format_time(Time time);
// "20260510T184200Z", the form of X-Sdk-Date (docs/design/signing.md, "Order of work").
std::string format_compact_time(Time time);
// "3d 4h", "12m 5s": the two largest units, for people.
std::string format_duration(Seconds duration);

}  // namespace ccm
