// The dates inside certificates and OCSP responses as Time. Used inside the crypto room only; pure.
#pragma once

#include <openssl/asn1.h>

#include <optional>

#include "base/clock.h"

namespace ccm::crypto {

// UTCTime or GeneralizedTime; nullopt when there is none or it is not readable.
std::optional<Time> to_time(const ASN1_TIME* time) noexcept;

}  // namespace ccm::crypto
