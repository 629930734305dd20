// SPDX-License-Identifier: Apache-2.0
// The dates inside certificates and OCSP responses as Time: the years 0 to 9999. They never pass
// through std::chrono::system_clock, whose nanoseconds end in the year 2262. Used inside the crypto
// room only; pure.
#pragma once

#include <openssl/asn1.h>

#include <ctime>
#include <optional>

#include "base/clock.h"

namespace ccm::crypto {

// UTCTime or GeneralizedTime; nullopt when there is none or it is not readable.
std::optional<Time> to_time(const ASN1_TIME* time) noexcept;
// For OpenSSL's functions that take a time.
std::time_t to_time_t(Time time) noexcept;

}  // namespace ccm::crypto
