// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/sentences.h"
#include "base/text.h"
#include "config/sentences.h"
#include "config/sources/scm.h"
#include "crypto/certificate/issuer_names.h"
#include "crypto/verification/authority_file.h"
#include "crypto/verification/client_verdict.h"
#include "crypto/verification/serving_rules.h"

namespace ccm::sources {
namespace {

using config::TrustPolicy;

constexpr std::size_t kIssuersInSentence = 5;

Result<void> check_issuer(const config::ScmSource& source, const crypto::Certificate& leaf) {
  if (source.issuers.empty()) return {};
  const std::vector<std::string> names = crypto::issuer_names(leaf);
  const bool is_listed = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(
        source.issuers.begin(), source.issuers.end(),
        [&](const std::string& wanted) { return equals_ignoring_case(trim(name), wanted); });
  });
  if (is_listed) return {};
  return crypto::refused_by(
      "issuer", fmt::format("it was issued by {}, and issuers= of the source names {}",
                            leaf.issuer(), enumerated(source.issuers, kIssuersInSentence)));
}

Result<void> check_trusted_by_file(const std::string& path, const crypto::Bundle& bundle,
                                   Time now) {
  const auto authorities = crypto::read_authority_file(path);
  if (!authorities) {
    return fail(ErrorKind::invalid,
                fmt::format("trust: the file of the source's trust= {} cannot be used: {}",
                            config::in_quotes(path), authorities.error().message()));
  }
  if (crypto::is_trusted_by(*authorities, bundle.chain(), now)) return {};
  return crypto::refused_by(
      "trust", fmt::format("it is of {}, and its chain does not end at a certificate of "
                           "{}, which trust= of the source names",
                           bundle.chain().back().issuer(), path));
}

}  // namespace

Result<void> check_policy(const config::SourceSpec& source, const crypto::Bundle& bundle,
                          Time now) {
  const auto& scm = source.as<config::ScmSource>();
  if (Result<void> listed = check_issuer(scm, bundle.leaf()); !listed) return listed;
  const TrustPolicy trust = scm.trust_policy();
  if (trust == TrustPolicy::file) return check_trusted_by_file(scm.trust_file, bundle, now);
  if (trust != TrustPolicy::system || crypto::is_trusted_by_system(bundle.chain(), now)) return {};
  return crypto::refused_by("trust",
                            fmt::format("it is of {}, which this system does not trust, as "
                                        "trust=system of the source wants it",
                                        bundle.chain().back().issuer()));
}

}  // namespace ccm::sources
