// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/served_report.h"

#include <fmt/format.h>

namespace ccm::cli {

std::string sentence_of(const Look& look) {
  const std::string who =
      look.server.empty() ? look.address : fmt::format("{} at {}", look.server, look.address);
  return fmt::format("{}, asked for {}, {}", who, look.server_name, look.verdict.sentence);
}

std::string_view word_of(std::optional<crypto::KeyAlgorithm> key) noexcept {
  if (key == crypto::KeyAlgorithm::rsa) return "RSA";
  return key == crypto::KeyAlgorithm::ecdsa ? "ECDSA" : "any key";
}

Level Survey::level() const noexcept {
  Level level = Level::ok;
  for (const CertificateReport& each : certificates) level = worse(level, each.level);
  for (const ServerReport& each : servers) level = worse(level, each.level);
  return level;
}

}  // namespace ccm::cli
