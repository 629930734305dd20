// SPDX-License-Identifier: Apache-2.0
// A file of authorities that an operator trusts, such as a server's ssl_trusted_certificate. Any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

inline constexpr std::size_t kLargestAuthorityFile = std::size_t{16} << 20U;

// The certificates of a PEM file of at most that many bytes, reached through links or not; at least
// one. `invalid` when it holds none or cannot be parsed; otherwise the error of reading it.
Result<std::vector<Certificate>> read_authority_file(const std::string& path);

}  // namespace ccm::crypto
