// SPDX-License-Identifier: Apache-2.0
// The part of OCSP (RFC 6960) that a stapling server needs: the request about one certificate, and
// the check of the response. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// A response is sent with every full handshake and shares its publication buffer with the chain, so
// a larger one is refused. Usual ones have 0.5 to 3 KB.
inline constexpr std::size_t kMostOcspResponse = 16U << 10U;

enum class OcspStatus : std::uint8_t { good, revoked, unknown };

struct OcspAnswer {
  OcspStatus status;
  Time this_update;
  Time next_update;  // the response must not be used from then on
  std::optional<Time> revoked_at = {};
  std::string reason = {};  // "keyCompromise"; empty when none was given
};

// The DER request about `leaf`: one CertID made with SHA-1 as responders expect it, no nonce, not
// signed (RFC 5019 section 2.1). `internal` when OpenSSL cannot make it.
Result<std::vector<std::byte>> make_ocsp_request(const Certificate& leaf,
                                                 const Certificate& issuer);

// What a DER response says about `leaf`. It must be signed by the issuer, or by a responder that
// the issuer certified for OCSP signing (RFC 6960 section 4.2.2.2), be about this certificate, and
// be valid at `now` (clocks may differ by up to five minutes). A response without nextUpdate is
// valid for an hour. Errors: `transient` when the responder cannot answer now, `rejected` when it
// refuses to answer, `invalid` for every other response that cannot be trusted.
Result<OcspAnswer> judge_ocsp_response(std::span<const std::byte> der, const Certificate& leaf,
                                       const Certificate& issuer, Time now);

// The end of a response that judge_ocsp_response() has accepted; 1970 when the bytes are not a
// response.
Time ocsp_response_end(std::span<const std::byte> der);

}  // namespace ccm::crypto
