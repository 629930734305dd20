// SPDX-License-Identifier: Apache-2.0
// What the clients in use require of a certificate's extensions, whatever is above and below it.
// OpenSSL accepts more than Go, Java and Chromium do. Used inside the crypto room only; pure.
#pragma once

#include <string>

#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// Each extension occurs once. Those that clients read are strict DER, with nothing after it and
// nothing in it that a client refuses. None is critical that a client does not know. The end of a
// sentence about the certificate; empty when nothing is wrong. Alternative names and name
// constraints have rules of their own (alternative_names.h, constraint_rules.h).
std::string extension_problem(const Certificate& certificate);

}  // namespace ccm::crypto
