// SPDX-License-Identifier: Apache-2.0
// Asks an OCSP responder about one certificate. Thread-safe. Borrows its arguments.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/transport/http_client.h"
#include "crypto/certificate.h"
#include "crypto/ocsp.h"

namespace ccm::lifecycle {

struct OcspReply {
  std::vector<std::byte> der;
  crypto::OcspAnswer says;  // `good` or `revoked`
};

class Responder {
 public:
  // `http` sends to whatever host a certificate names: without credentials.
  Responder(cloud::HttpClient& http, const Clock& clock) : http_(http), clock_(clock) {}

  // Within 15 s. Errors are those of judge_ocsp_response (crypto/ocsp.h), and `transient` when
  // there is no such answer, or none about a certificate that the responder knows.
  Result<OcspReply> ask(const crypto::Certificate& leaf, const crypto::Certificate& issuer) const;

 private:
  cloud::HttpClient& http_;
  const Clock& clock_;
};

// The first responder that is reached by plain HTTP; empty when the certificate names none. What it
// says is signed, and asking over HTTPS would need another certificate's status first.
std::string responder_of(const crypto::Certificate& leaf);

}  // namespace ccm::lifecycle
