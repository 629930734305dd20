// SPDX-License-Identifier: Apache-2.0
#include "config/sources/pca.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/checks/certificate_input.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

constexpr std::size_t kIssuerIdSize = 36;
constexpr crypto::KeyType kDefaultPcaKey{crypto::KeyAlgorithm::ecdsa, 256};
// ub-common-name of RFC 5280 appendix A.1.
constexpr std::size_t kMostCommonName = 64;
constexpr Seconds kDefaultValidity{90 * 86400};
// How many subjectAltName entries PCA accepts when it makes the key (operations.json,
// CreateCertificate). A signing request of our own has no such limit.
constexpr std::size_t kMostCloudKeyNames = 20;

// A window that is a share of the lifetime always fits.
Result<void> check_window(const CertificateInput& input, const CertificateSpec& spec,
                          Seconds validity) {
  const auto* window = std::get_if<Seconds>(&spec.renew_before);
  if (window == nullptr || *window < validity) return {};
  return input.refuse(
      "renew_before",
      fmt::format("\"{}\" is {}, but the certificate is valid for only {}; write a "
                  "shorter time or a share such as 33%",
                  input.as_written("renew_before"), to_string(*window), to_string(validity)));
}

Result<void> check_names(const CertificateInput& input, const CertificateSpec& spec,
                         KeyOrigin key_origin) {
  if (key_origin == KeyOrigin::cloud && spec.names.size() > kMostCloudKeyNames) {
    return input.refuse(
        "names", fmt::format("it has {} names, but PCA puts at most {} into a certificate "
                             "whose key it makes; write fewer, or {}{}local",
                             spec.names.size(), kMostCloudKeyNames, input.as_written("key_origin"),
                             input.is_parameter("key_origin") ? '=' : ' '));
  }
  const bool has_common_name =
      std::any_of(spec.names.begin(), spec.names.end(),
                  [](const std::string& name) { return name.size() <= kMostCommonName; });
  if (has_common_name) return {};
  return input.refuse("names",
                      fmt::format("PCA needs a name of at most {} characters as the common name, "
                                  "and each of its names is longer; add a shorter one, such as a "
                                  "wildcard above them",
                                  kMostCommonName));
}

}  // namespace

const SourceKind& PcaSource::kind() noexcept {
  return kPcaKind;
}

SourceFacts PcaSource::facts() const {
  // The operator chose the private CA, so it does not matter whether the system trusts it.
  return {.origin_prefix = fmt::format("pca:{}/", issuer_id),
          .label = fmt::format("pca:{}", issuer_id),
          .allows_untrusted = true,
          .validity = validity};
}

void PcaSource::describe(Record& record) const {
  record.add("issuer", issuer_id);
  record.add("key_origin", key_origin == KeyOrigin::local ? "local" : "cloud");
  record.add("validity", to_string(validity));
}

Result<SourceSpec> parse_pca(std::span<const std::string> parameters) {
  if (parameters.empty()) {
    return fail(ErrorKind::invalid,
                "the issuer is missing; write pca issuer=ID with the id of an activated CA");
  }
  const auto id = value_of(parameters[0], "issuer");
  if (!id || parameters.size() > 1) {
    const std::string& second = parameters[id ? 1 : 0];
    if (id && value_of(second, "issuer")) return given_twice("issuer");
    return wrong(second, "is not understood after pca; write pca issuer=ID");
  }
  if (id->size() != kIssuerIdSize || id->find_first_not_of("0123456789abcdefABCDEF-") != id->npos) {
    return wrong(*id,
                 "is not the id of a CA in PCA; ids look like "
                 "2cb2878b-6cd1-460d-bd25-afe655159bdc");
  }
  PcaSource source;
  source.issuer_id = *id;
  return SourceSpec(std::move(source));
}

Result<void> complete_pca(const CertificateInput& input, CertificateSpec& spec) {
  const bool has_issue = input.own.issue.method || !input.own.issue.first_detail().empty();
  if (has_issue) {
    const std::string_view key = input.own.issue.method ? "issue" : input.own.issue.first_detail();
    return input.refuse(key, fmt::format("\"{}\" has no meaning with the source pca, whose CA "
                                         "issues without a proof; remove it",
                                         input.as_written(key)));
  }
  auto source = spec.source.as<PcaSource>();
  const CertificateValues& inherited = input.context.defaults;
  source.validity = chosen(input.own.validity, inherited.validity, kDefaultValidity);
  source.key_origin = chosen(input.own.key_origin, inherited.key_origin, KeyOrigin::local);
  spec.source = source;
  if (!spec.key) spec.key = kDefaultPcaKey;
  if (auto fits = check_window(input, spec, source.validity); !fits) return fits;
  return check_names(input, spec, source.key_origin);
}

}  // namespace ccm::config
