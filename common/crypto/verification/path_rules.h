// SPDX-License-Identifier: Apache-2.0
// What some of the clients in use require of a whole path, and OpenSSL does not check unless it is
// told to, or not at all: names of issuers byte for byte (Go), certificate policies (Java,
// Chromium) and name constraints (constraint_rules.h). Used inside the crypto room. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// The end of a sentence about the path, leaf first; empty when nothing is wrong. `root` issued the
// last certificate of the path; nullptr: it is not known, and is assumed to require nothing.
std::string path_problem(const std::vector<Certificate>& path, const Certificate* root);

}  // namespace ccm::crypto
