// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/pem.h"

#include <fmt/format.h>

#include <optional>

#include "crypto/certificate/pem_block.h"

namespace ccm::crypto {
namespace {

Result<Certificate> parse_certificate_block(const PemBlock& block) {
  if (!block.ended) {
    return fail(ErrorKind::invalid, "it begins with BEGIN CERTIFICATE and has no END CERTIFICATE");
  }
  Result<Secret> der = decode_base64(block.body);
  if (!der) return pass(std::move(der));
  return Certificate::parse_der(der->bytes());
}

}  // namespace

Result<std::vector<Certificate>> parse_certificates_pem(std::string_view text) {
  if (Result<void> size = check_input_size(text.size()); !size) {
    return fail_with(std::move(size), "PEM text");
  }
  std::vector<Certificate> certificates;
  while (const std::optional<PemBlock> block = next_pem_block(text)) {
    if (block->label != "CERTIFICATE") continue;
    Result<Certificate> certificate = parse_certificate_block(*block);
    if (!certificate) {
      return fail_with(std::move(certificate),
                       fmt::format("certificate {} in the PEM text", certificates.size() + 1));
    }
    certificates.push_back(std::move(*certificate));
  }
  return certificates;
}

std::string to_pem(const std::vector<Certificate>& certificates) {
  std::string text;
  for (const Certificate& certificate : certificates) text += certificate.to_pem();
  return text;
}

}  // namespace ccm::crypto
