// SPDX-License-Identifier: Apache-2.0
// When to renew, check and retry. Pure functions of their arguments. The jitter depends only on the
// certificate's seed on its host: hosts act at different times, and the time for one certificate
// does not change between calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"

namespace ccm::policy {

// When to renew a certificate with these dates: one window before its end, moved earlier by up to a
// tenth of the window. A window as long as the lifetime counts as half of it, so that no
// certificate is due the moment it is issued. Always after `not_before`.
Time renewal_time(const config::RenewalWindow& window, Time not_before, Time not_after,
                  std::string_view seed);
// The next look at the cloud after `now`: the interval, shortened by up to a tenth, at least 1 s.
Time next_check(Seconds interval, Time now, std::string_view seed);
// When to ask an OCSP responder again whose response is valid from `begin` until `end`: at half its
// validity or after a day, whichever is earlier, moved earlier by up to a tenth of the wait.
Time next_response(Time begin, Time end, std::string_view seed);
// When to try again after the `attempts`-th failure in a row (1 = first): doubling from 5 s with
// jitter up to a ceiling, which is the check interval or, when that is longer, 1 h (6 h for what is
// malformed); never below 1 s. `internal` and `unauthorized` wait for the ceiling at once.
// Retry-After is honoured as a minimum, up to 6 h. An error that needs a change (`rejected`) waits
// for the next check.
Time retry_time(const Error& error, unsigned attempts, Seconds check_interval, Time now,
                std::string_view seed);
// The longest wait after a failure other than `rejected`.
inline constexpr Seconds kLongestRetry{6 * 3600};
// When to try again after an authority has issued something that cannot be used, for the
// `attempts`-th time in a row: every try costs a certificate, so the check interval does not count.
// Four times as long each time, from 5 s to 6 h: about ten in the first day, then four a day.
Time reissue_time(unsigned attempts, Time now, std::string_view seed);

// What the next attempt may cost.
enum class Look : std::uint8_t {
  free,    // some calls of the cloud
  costly,  // an issued certificate, or a call to a service that asked us to stay away
};
// The latest time for the next look, whatever an interval or a back-off says: no wait goes beyond
// the end of what is installed (`end`; nullopt: nothing is). Before the end it is after a tenth of
// what is left (on the last day within 10 min), but when the look is costly after half of it. After
// the end it is soon again: within 5 min, costly 2 h. With nothing installed within 1 h, costly 6
// h. Never below 1 s.
Time latest_look(std::optional<Time> end, Look look, Time now);

// A certificate that an authority has issued for us.
struct Issuance {
  Time obtained;  // by our clock
  Time end;       // when clients stop accepting it
  Seconds asked;  // the validity that was requested
};
// When to renew it, if its dates alone say `due`. When an authority grants a shorter validity than
// was requested, or a not_before in the past, every certificate could be due when it is issued, or
// soon after. Then a successor is issued at the intended pace, but early enough: after half of what
// the authority granted, and at most every 4 h while it grants 6 h or more (otherwise after two
// thirds).
Time paced_renewal(Time due, const Issuance& issuance, const config::RenewalWindow& window,
                   std::string_view seed);

}  // namespace ccm::policy
