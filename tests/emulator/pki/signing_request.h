// SPDX-License-Identifier: Apache-2.0
// What a PKCS#10 certificate signing request asks for. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pki/issuance.h"

namespace emulator {

struct SigningRequest {
  KeyHandle key;
  json subject;
  std::vector<AlternativeName> names;
  std::vector<std::string> key_usages;
  std::vector<std::string> extended_key_usages;
  std::string signature_algorithm;  // SHA256withRSA
};

// nullopt when the text is no CSR or its own signature is wrong.
std::optional<SigningRequest> parse_signing_request(const std::string& pem);
std::string make_signing_request(const json& subject, const std::vector<AlternativeName>& names,
                                 EVP_PKEY* key);

}  // namespace emulator
