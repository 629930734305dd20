// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/authority_file.h"

#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "crypto/certificate/pem.h"

namespace ccm::crypto {
Result<std::vector<Certificate>> read_authority_file(const std::string& path) {
  // Lists of authorities are usually reached through symbolic links, which read_file refuses.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return fail(ErrorKind::invalid, error.message());
  const Result<std::string> text = read_file(real.string(), kLargestAuthorityFile);
  if (!text) return fail(text.error());
  Result<std::vector<Certificate>> certificates = parse_certificates_pem(*text);
  if (certificates && certificates->empty()) {
    return fail(ErrorKind::invalid, "it holds no certificate; it must be in PEM form");
  }
  return certificates;
}

}  // namespace ccm::crypto
