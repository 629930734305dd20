// When things happen. Pure functions of their arguments; the jitter is a function of the seed that
// the certificate has on its host, so that a fleet spreads out and one certificate does not wander.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"

namespace ccm::lifecycle {

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
// jitter up to a ceiling, which is the check interval or, when that is longer, 1 h (6 h for what
// was malformed or refused by the gate, since every attempt may cost an issued certificate); never
// below 1 s. `internal` and `unauthorized` wait for the ceiling at once. Retry-After is honoured as
// a minimum. What must not be retried without a change (`rejected`) waits for the next check.
Time retry_time(const Error& error, unsigned attempts, Seconds check_interval, Time now,
                std::string_view seed);

}  // namespace ccm::lifecycle
