// SPDX-License-Identifier: Apache-2.0
// PEM as it occurs in practice: blocks without line feeds between them, CRLF, other text around
// them. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// Every CERTIFICATE block in the text, in order; what is between blocks is ignored. `invalid` when
// a block does not parse (says which one) or one begins and does not end. No block at all is an
// empty list, not an error.
Result<std::vector<Certificate>> parse_certificates_pem(std::string_view text);
// The blocks one after the other.
std::string to_pem(const std::vector<Certificate>& certificates);

}  // namespace ccm::crypto
