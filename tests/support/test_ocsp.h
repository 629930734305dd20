// SPDX-License-Identifier: Apache-2.0
// An OCSP responder for tests: answers about certificates of test_pki.h, right and wrong in every
// respect that the code under test judges. Throws when OpenSSL refuses. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate/ocsp.h"
#include "support/test_pki.h"

namespace ccm::test {

struct TestResponseOptions {
  crypto::OcspStatus status = crypto::OcspStatus::good;
  Time this_update = kTestNow - Seconds(3600);
  std::optional<Time> next_update = kTestNow + 7 * kTestDay;
  // Of a revoked one; by default without a reason.
  Time revoked_at = kTestNow - kTestDay;
  int reason = -1;  // CRLReason, such as 1 = keyCompromise
  // Who signs; nullptr: the issuer, whose certificate is then left out of the response.
  const TestCertificate* signer = nullptr;
  std::string digest = "SHA1";  // of the CertID
};

std::vector<std::byte> make_test_response(const crypto::Certificate& leaf,
                                          const TestAuthority& issuer,
                                          const TestResponseOptions& options = {});
// A response without an answer: 3 = tryLater, 6 = unauthorized (RFC 6960 section 4.2.1).
std::vector<std::byte> make_test_refusal(int status);
// Whether a request is about this certificate alone and has no nonce.
bool is_test_request_about(std::string_view request, const crypto::Certificate& leaf,
                           const crypto::Certificate& issuer);

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ccm::test
