// SPDX-License-Identifier: Apache-2.0
// What the authority that issued a certificate calls itself. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// The common names and organisations in the certificate's issuer, UTF-8, as written there. They are
// only a claim until the issuing authority is verified.
std::vector<std::string> issuer_names(const Certificate& certificate);

}  // namespace ccm::crypto
