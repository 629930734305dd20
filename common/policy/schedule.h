// SPDX-License-Identifier: Apache-2.0
// When things happen. Pure functions of their arguments; the jitter is a function of the seed that
// the certificate has on its host, so that a fleet spreads out and one certificate does not wander.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"

namespace ccm::policy {

// When a certificate with these dates is to be renewed: the window before its end, moved earlier by
// up to a tenth of the window. A window as long as the lifetime counts as half of it, so that no
// certificate is due the moment it is issued. Always after `not_before`.
Time renewal_time(const config::RenewalWindow& window, Time not_before, Time not_after,
                  std::string_view seed);
// The next look at the cloud after `now`: the interval, shortened by up to a tenth, at least 1 s.
Time next_check(Seconds interval, Time now, std::string_view seed);
// When an OCSP responder is asked again whose answer is in force from `begin` until `end`: half-way
// at the latest and within a day, moved earlier by up to a tenth of the wait.
Time next_response(Time begin, Time end, std::string_view seed);
// When to try again after the `attempts`-th failure in a row (1 = first): doubling from 5 s with
// jitter up to a ceiling, which is the check interval or, when that is longer, 1 h (6 h for what is
// malformed); never below 1 s. `internal` and `unauthorized` wait for the ceiling at once.
// Retry-After is honoured as a minimum, up to 6 h. What must not be retried without a change
// (`rejected`) waits for the next check.
Time retry_time(const Error& error, unsigned attempts, Seconds check_interval, Time now,
                std::string_view seed);
// No wait after a failure is longer, but for that of `rejected`.
inline constexpr Seconds kLongestRetry{6 * 3600};
// When to try again after an authority has issued something that cannot be used, for the
// `attempts`-th time in a row: every try costs a certificate, so the check interval does not count.
// Four times as long each time, from 5 s to 6 h: about ten in the first day, then four a day.
Time reissue_time(unsigned attempts, Time now, std::string_view seed);

// What the next look may cost.
enum class Look : std::uint8_t {
  free,    // some calls of the cloud
  costly,  // an issued certificate, or the patience of a service that asked us to stay away
};
// The latest time for the next look, whatever an interval or a back-off says: no wait goes beyond
// the end of what is installed (`end`; nullopt: nothing is). Before the end it is after a tenth of
// what is left (on the last day within 10 min), but when the look is costly after half of it. After
// the end it is soon again: within 5 min, costly 2 h. With nothing installed within 1 h, costly 6
// h. Never below 1 s.
Time latest_look(std::optional<Time> end, Look look, Time now);

// A certificate that an authority issued for us, as it turned out.
struct Issuance {
  Time obtained;  // by our clock
  Time end;       // when it can no longer be used
  Seconds asked;  // for how long it was asked for
};
// When to renew it, when that would be at `due` by its dates. An authority that gives less than it
// was asked for, or a first day in the past, may make every certificate due at birth, or soon after
// it. Then a successor is issued at the pace that was meant, but early enough: after half of what
// it gave, and not more often than every 4 h as long as it gives 6 h (after two thirds otherwise).
Time paced_renewal(Time due, const Issuance& issuance, const config::RenewalWindow& window,
                   std::string_view seed);

}  // namespace ccm::policy
