// SPDX-License-Identifier: Apache-2.0
// What the clients in use require of name constraints (RFC 5280 section 4.2.1.10) beyond OpenSSL's
// verification. Used inside the crypto room only. Pure functions.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// What is wrong with the form of an authority's constraints, whatever they apply to. The end of a
// sentence about the certificate ("its name constraints are empty"); empty when nothing is wrong,
// also without the extension.
std::string constraints_problem(const X509* certificate);

// Whether a client applies the constraints of an authority of `path` to the leaf in a way that
// OpenSSL does not: wildcards below an exclusion (Chromium), addresses (Java), URIs (Go, Chromium),
// too many comparisons (Go). `path` begins with the leaf. The end of a sentence about the path;
// empty when nothing is wrong.
std::string constrained_names_problem(const std::vector<Certificate>& path);

}  // namespace ccm::crypto
