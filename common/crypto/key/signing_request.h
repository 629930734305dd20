// SPDX-License-Identifier: Apache-2.0
// PKCS#10 certificate signing requests (RFC 2986). Pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/key/key_pair.h"

namespace ccm::crypto {

// A PEM request signed with SHA-256 (SHA-384 for P-384): common name = the first name that fits its
// 64 characters, every name in the subjectAltName as DNS or IP. `names` are canonical (names.h).
Result<std::string> make_signing_request(const KeyPair& key, const std::vector<std::string>& names);

}  // namespace ccm::crypto
