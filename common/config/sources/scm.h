// SPDX-License-Identifier: Apache-2.0
// `source scm`: certificates that SCM obtains and renews.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/issue.h"
#include "config/source_kinds.h"

namespace ccm::config {

// How to use a certificate that somebody uploaded to SCM instead of having it issued there.
enum class Uploads : std::uint8_t {
  fallback,  // where SCM has issued nothing of use for the names
  off,       // never, unless its id is configured
  on,        // like an issued one: the one that ends last is taken
};

// Which authorities' certificates are taken from SCM.
enum class TrustPolicy : std::uint8_t {
  keep,    // of any authority, but none that this system does not trust in place of one
           // that it trusts
  system,  // those whose chain ends at a root that this system trusts
  any,     // whatever authority's
  file,    // those whose chain ends at a certificate of a given file
};

struct ScmSource {
  std::string certificate_id;  // empty: the best certificate that covers the names
  Uploads uploads = Uploads::fallback;
  // Who must have issued it: common names or organisations of issuers. Empty: anybody.
  std::vector<std::string> issuers = {};
  // nullopt: not given; trust_policy() says what is meant then.
  std::optional<TrustPolicy> trust = {};
  std::string trust_file = {};  // PEM, of TrustPolicy::file
  // nullopt: never applies for certificates, and uses only those that somebody else had issued.
  std::optional<Issue> issue = {};

  // Without trust=, uploads=on means that any authority is accepted.
  TrustPolicy trust_policy() const noexcept {
    return trust.value_or(uploads == Uploads::on ? TrustPolicy::any : TrustPolicy::keep);
  }

  static const SourceKind& kind() noexcept;
  SourceFacts facts() const;
  void describe(Record& record) const;
  friend bool operator==(const ScmSource&, const ScmSource&) = default;
};

Result<SourceSpec> parse_scm(std::span<const std::string> parameters);
Result<void> complete_scm(const CertificateInput& input, CertificateSpec& spec);

inline constexpr std::array<std::string_view, 4> kScmParameters{"id", "issuers", "trust",
                                                                "uploads"};
inline constexpr SourceKind kScmKind{
    .word = "scm",
    .title = "SCM",
    .form = "scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] [trust=keep|system|any|PATH]",
    .shortest_form = "scm",
    .parameters = kScmParameters,
    .is_public = true,
    .endpoint_directive = "scm_endpoint",
    .endpoint_spellings = "scm_endpoint or CCMScmEndpoint",
    .endpoint = &GlobalConfig::scm_endpoint,
    .parse = parse_scm,
    .complete = complete_scm,
    .fills_catalogues = true,
};

}  // namespace ccm::config
