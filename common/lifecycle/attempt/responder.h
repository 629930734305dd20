// SPDX-License-Identifier: Apache-2.0
// Asks an OCSP responder about one certificate. Thread-safe. Borrows its arguments.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/transport/http_client.h"
#include "crypto/certificate/certificate.h"
#include "crypto/certificate/ocsp.h"

namespace ccm::lifecycle {

struct OcspReply {
  std::vector<std::byte> der;
  crypto::OcspAnswer says;  // `good` or `revoked`
};

class Responder {
 public:
  // `http` sends to any host that a certificate names, so it must carry no credentials.
  Responder(cloud::HttpClient& http, const Clock& clock) : http_(http), clock_(clock) {}

  // Takes at most 15 s. The errors are those of judge_ocsp_response (crypto/certificate/ocsp.h),
  // and `transient` when the responder sends no valid answer or does not know the certificate.
  Result<OcspReply> ask(const crypto::Certificate& leaf, const crypto::Certificate& issuer) const;

 private:
  cloud::HttpClient& http_;
  const Clock& clock_;
};

// The first responder URL with plain HTTP (RFC 5280 section 4.2.2.1); empty when the certificate
// names none. HTTPS is not used: OCSP responses are signed anyway, and HTTPS would need the status
// of another certificate first.
std::string responder_of(const crypto::Certificate& leaf);

}  // namespace ccm::lifecycle
