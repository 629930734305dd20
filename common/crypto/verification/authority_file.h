// SPDX-License-Identifier: Apache-2.0
// A file of authorities that an operator trusts, such as a server's ssl_trusted_certificate. Any
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// The certificates of a PEM file of at most 16 MiB, reached through links or not; at least one.
// `invalid` when it holds none or cannot be parsed; otherwise the error of reading it.
Result<std::vector<Certificate>> read_authority_file(const std::string& path);

}  // namespace ccm::crypto
