// SPDX-License-Identifier: Apache-2.0
// What a certificate says about itself, for code that looks at many. OpenSSL 3.0 makes a usable key
// of the public key of every certificate that it parses, which takes ten times as long as
// everything else; here the key stays bytes. Only for certificates that have been parsed before:
// what is read is correct, and what is not read is not checked. Values; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/key/key_type.h"

namespace ccm::crypto {

// As the functions of Certificate of the same names say, except that a key of another algorithm has
// 0 bits.
struct ServingFacts {
  Time not_before{};
  Time not_after{};
  std::vector<std::string> names;
  KeyType key_type;
};
struct CertificateFacts : ServingFacts {
  std::string fingerprint;
  std::string serial;
};

// Of one certificate in DER, or of the only one in a PEM text. `invalid` when there is none.
Result<CertificateFacts> read_certificate_facts(std::span<const std::byte> der);
Result<CertificateFacts> read_certificate_facts(std::string_view pem);
// What serving it takes: a third of the work. `invalid` when it is not one certificate in DER.
Result<ServingFacts> read_serving_facts(std::span<const std::byte> der);

}  // namespace ccm::crypto
