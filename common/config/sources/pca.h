// SPDX-License-Identifier: Apache-2.0
// `source pca`: certificates that a private CA in PCA issues.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "config/issue.h"
#include "config/source_kinds.h"

namespace ccm::config {

struct PcaSource {
  std::string issuer_id;
  KeyOrigin key_origin = KeyOrigin::local;
  Seconds validity{};

  static const SourceKind& kind() noexcept;
  SourceFacts facts() const;
  void describe(Record& record) const;
  friend bool operator==(const PcaSource&, const PcaSource&) = default;
};

// Only the issuer is filled in; complete_pca() does the rest.
Result<SourceSpec> parse_pca(std::span<const std::string> parameters);
Result<void> complete_pca(const CertificateInput& input, CertificateSpec& spec);

inline constexpr std::array<std::string_view, 1> kPcaParameters{"issuer"};
inline constexpr SourceKind kPcaKind{
    .word = "pca",
    .title = "PCA",
    .form = "pca issuer=ID",
    .shortest_form = "pca issuer=ID",
    .parameters = kPcaParameters,
    .is_public = false,
    .endpoint_directive = "pca_endpoint",
    .endpoint_spellings = "pca_endpoint or CCMPcaEndpoint",
    .endpoint = &GlobalConfig::pca_endpoint,
    .parse = parse_pca,
    .complete = complete_pca,
};

}  // namespace ccm::config
