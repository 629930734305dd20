// SPDX-License-Identifier: Apache-2.0
#include "config/certificate_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/sentences.h"
#include "config/store_directive.h"

namespace ccm::config {
namespace {

constexpr Seconds kDefaultCheckInterval{12 * 3600};
constexpr LifetimeShare kDefaultRenewBefore{33};
constexpr unsigned kDefaultKeep = 3;
constexpr crypto::KeyType kDefaultPcaKey{crypto::KeyAlgorithm::ecdsa, 256};
// ub-common-name of RFC 5280 appendix A.1.
constexpr std::size_t kMostCommonName = 64;
constexpr Seconds kDefaultValidity{90 * 86400};
// How many subjectAltName entries PCA takes when it makes the key (operations.json,
// CreateCertificate); a signing request of our own has no such limit.
constexpr std::size_t kMostCloudKeyNames = 20;

template <typename T>
T chosen(const std::optional<T>& own, const std::optional<T>& inherited, T fallback) {
  return own ? *own : inherited.value_or(std::move(fallback));
}

// The certificate's own directive; nullptr when it has none.
const RawDirective* own_directive(const RawCertificate& certificate, std::string_view key) {
  const auto found = std::find_if(certificate.directives.begin(), certificate.directives.end(),
                                  [key](const RawDirective& d) { return d.key == key; });
  return found == certificate.directives.end() ? nullptr : &*found;
}

// The sentence about one certificate, at the directive it is about or else at the certificate.
Failure refuse(const RawCertificate& certificate, std::string_view key, std::string_view sentence) {
  const RawDirective* directive = own_directive(certificate, key);
  return fail(ErrorKind::invalid,
              at(fmt::format("certificate \"{}\": {}", certificate.name, sentence),
                 directive == nullptr ? certificate.origin : directive->origin));
}

// Whether it was written as a parameter of the short form, whose names are the same everywhere.
bool is_parameter(const RawCertificate& certificate, std::string_view key) {
  return certificate.is_implicit && own_directive(certificate, key) != nullptr;
}

// A directive or parameter as the operator wrote it.
std::string as_written(const RawCertificate& certificate, std::string_view key,
                       const CertificateContext& context) {
  return is_parameter(certificate, key) ? std::string(key) : context.dialect.spell(key);
}

std::string spelled_form(const CertificateContext& context, std::string_view key) {
  const Directive* row = find_directive(key);
  return row == nullptr ? std::string(key) : form_of(*row, context.dialect);
}

Result<void> check_reachable(const RawCertificate& certificate, const CertificateContext& context,
                             bool is_scm) {
  const auto& endpoint = is_scm ? context.global.scm_endpoint : context.global.pca_endpoint;
  if (!context.global.credentials) {
    return refuse(certificate, "source",
                  fmt::format("there are no credentials for the cloud; write {}",
                              spelled_form(context, "credentials")));
  }
  if (context.global.region || endpoint) return {};
  return refuse(certificate, "source",
                fmt::format("it comes from {}, but neither a region nor an endpoint says where "
                            "that is; write {} or {}",
                            is_scm ? "SCM" : "PCA", spelled_form(context, "region"),
                            spelled_form(context, is_scm ? "scm_endpoint" : "pca_endpoint")));
}

Result<void> check_scm(const RawCertificate& certificate, const CertificateValues& own,
                       const CertificateContext& context) {
  const std::string_view key = own.validity ? "validity" : "key_origin";
  if (!own.validity && !own.key_origin) return {};
  return refuse(certificate, key,
                fmt::format("\"{}\" has no meaning with the source scm, where certificates are "
                            "ordered beforehand; remove it",
                            as_written(certificate, key, context)));
}

Result<void> complete_pca(const RawCertificate& certificate, const CertificateValues& own,
                          const CertificateContext& context, CertificateSpec& spec) {
  auto& source = std::get<PcaSource>(spec.source);
  source.validity = chosen(own.validity, context.defaults.validity, kDefaultValidity);
  source.key_origin = chosen(own.key_origin, context.defaults.key_origin, KeyOrigin::local);
  if (!spec.key) spec.key = kDefaultPcaKey;
  const auto* window = std::get_if<Seconds>(&spec.renew_before);
  if (window != nullptr && *window >= source.validity) {
    return refuse(certificate, "renew_before",
                  fmt::format("\"{}\" is {}, but the certificate is valid for only {}; write a "
                              "shorter time or a share such as 33%",
                              as_written(certificate, "renew_before", context), to_string(*window),
                              to_string(source.validity)));
  }
  if (source.key_origin == KeyOrigin::cloud && spec.names.size() > kMostCloudKeyNames) {
    return refuse(certificate, "names",
                  fmt::format("it has {} names, but PCA puts at most {} into a certificate whose "
                              "key it makes; write fewer, or {}{}local",
                              spec.names.size(), kMostCloudKeyNames,
                              as_written(certificate, "key_origin", context),
                              is_parameter(certificate, "key_origin") ? '=' : ' '));
  }
  const bool has_common_name =
      std::any_of(spec.names.begin(), spec.names.end(),
                  [](const std::string& name) { return name.size() <= kMostCommonName; });
  if (!has_common_name) {
    return refuse(certificate, "names",
                  fmt::format("PCA needs a name of at most {} characters as the common name, and "
                              "each of its names is longer; add a shorter one, such as a wildcard "
                              "above them",
                              kMostCommonName));
  }
  return {};
}

Result<std::vector<std::string>> final_names(const RawCertificate& certificate,
                                             const CertificateValues& own,
                                             const std::vector<std::string>& names_in_use,
                                             const CertificateContext& context) {
  if (certificate.is_implicit) return certificate.implicit_names;
  if (own.names) return *own.names;
  if (names_in_use.empty()) {
    return refuse(certificate, "names",
                  fmt::format("it has no names, and no virtual host with a usable name uses it; "
                              "write {}",
                              spelled_form(context, "names")));
  }
  if (names_in_use.size() > kMostNames) {
    return refuse(certificate, "names",
                  fmt::format("its virtual hosts have {} names, more than the {} of one "
                              "certificate; divide them among several certificates",
                              names_in_use.size(), kMostNames));
  }
  return names_in_use;
}

}  // namespace

Result<CertificateSpec> make_spec(const RawCertificate& certificate,
                                  const std::vector<std::string>& names_in_use,
                                  const CertificateContext& context) {
  auto values = parse_values(certificate.directives);
  if (!values) return refuse(certificate, {}, values.error().message());
  const CertificateValues& own = values->certificate;
  const CertificateValues& inherited = context.defaults;
  if (!own.source) {
    return refuse(certificate, {},
                  fmt::format("it has no source; write {}", spelled_form(context, "source")));
  }
  auto names = final_names(certificate, own, names_in_use, context);
  if (!names) return pass(std::move(names));

  CertificateSpec spec;
  spec.name = certificate.name;
  spec.jitter_seed = certificate.name;
  spec.origin = certificate.origin;
  spec.names = *std::move(names);
  spec.source = *own.source;
  spec.key = own.key ? own.key : inherited.key;
  spec.renew_before =
      chosen(own.renew_before, inherited.renew_before, RenewalWindow(kDefaultRenewBefore));
  spec.check_interval = chosen(own.check_interval, inherited.check_interval, kDefaultCheckInterval);
  spec.keep = chosen(own.keep, inherited.keep, kDefaultKeep);
  spec.fallback = chosen(own.fallback, inherited.fallback, true);
  spec.stapling = chosen(own.stapling, inherited.stapling, true);

  const bool is_scm = std::holds_alternative<ScmSource>(spec.source);
  auto checked =
      is_scm ? check_scm(certificate, own, context) : complete_pca(certificate, own, context, spec);
  if (checked) checked = check_reachable(certificate, context, is_scm);
  if (!checked) return pass(std::move(checked));
  return spec;
}

}  // namespace ccm::config
