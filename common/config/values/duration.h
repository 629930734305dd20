// SPDX-License-Identifier: Apache-2.0
// Durations and shares as operators write them. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"

namespace ccm::config {

// "90d", "12h", "1h30m", "45s", "2w", "1y" (365 days), "3M" (30 days), a bare number is seconds:
// the units of nginx without milliseconds. httpd's forms are accepted, too: "5min" and "5mi", and
// capitals where they have no other meaning ("30D", but "1M" is a month). `invalid` names the text
// and the right form.
Result<Seconds> parse_duration(std::string_view text);
// The exact duration in the same form, days the largest unit: "90d", "1h30m". Not negative.
std::string to_string(Seconds duration);

// How early to renew: a share of the certificate's lifetime, or a time before its end.
struct LifetimeShare {
  unsigned percent;  // 1 to 99: what is left of the lifetime when renewal is due
  friend bool operator==(const LifetimeShare&, const LifetimeShare&) = default;
};
using RenewalWindow = std::variant<LifetimeShare, Seconds>;

// "33%" or a duration such as "30d".
Result<RenewalWindow> parse_renewal_window(std::string_view text);
std::string to_string(const RenewalWindow& window);

}  // namespace ccm::config
