// SPDX-License-Identifier: Apache-2.0
#include "config/checks/certificate_rules.h"

#include <fmt/format.h>

#include "config/directives/simple_values.h"
#include "config/directives/table.h"
#include "config/source_kinds.h"

namespace ccm::config {
namespace {

constexpr Seconds kDefaultCheckInterval{12 * 3600};
constexpr LifetimeShare kDefaultRenewBefore{33};
constexpr unsigned kDefaultKeep = 3;

Result<void> check_reachable(const CertificateInput& input, const SourceKind& kind) {
  const CertificateContext& context = input.context;
  if (kind.endpoint == nullptr) return {};
  if (!context.global.credentials) {
    return input.refuse("source", fmt::format("there are no credentials for the cloud; write {}",
                                              context.form_of("credentials")));
  }
  if (!context.completed.region.empty() || !(context.completed.*kind.endpoint).empty()) return {};
  return input.refuse(
      "source",
      fmt::format("it comes from {}, but neither a region nor an endpoint says "
                  "where that is; write {} or {}",
                  kind.title, context.form_of("region"), context.form_of(kind.endpoint_directive)));
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
                              context.form_of("names")));
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
                  fmt::format("it has no source; write {}", context.form_of("source")));
  }
  auto names = final_names(certificate, own, names_in_use, context);
  if (!names) return pass(std::move(names));

  CertificateSpec spec{
      .name = certificate.name,
      .names = *std::move(names),
      .source = *own.source,
      .key = own.key ? own.key : inherited.key,
      .renew_before =
          chosen(own.renew_before, inherited.renew_before, RenewalWindow(kDefaultRenewBefore)),
      .check_interval = chosen(own.check_interval, inherited.check_interval, kDefaultCheckInterval),
      .keep = chosen(own.keep, inherited.keep, kDefaultKeep),
      .fallback = chosen(own.fallback, inherited.fallback, true),
      .activation = chosen(own.activate, inherited.activate, ActivationWindow()),
      .canary = chosen(own.canary, inherited.canary, CanaryPlan()),
      .stapling = chosen(own.stapling, inherited.stapling, true),
      .jitter_seed = certificate.name,
      .origin = certificate.origin};
  const CertificateInput input{certificate, own, context};
  auto checked = spec.source.kind().complete(input, spec);
  if (checked) checked = check_reachable(input, spec.source.kind());
  if (!checked) return pass(std::move(checked));
  return spec;
}

}  // namespace ccm::config
