// SPDX-License-Identifier: Apache-2.0
#include "policy/gate.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "crypto/verification/client_verdict.h"
#include "crypto/verification/serving_rules.h"

namespace ccm::policy {

// The only code that makes an Admission.
class Gate {
 public:
  static Admission open(const std::string& name, const crypto::Bundle& bundle) {
    return {name, bundle.leaf()};
  }
};

namespace {

using crypto::Arrival;
using crypto::Bundle;
using crypto::Certificate;
using crypto::Path;

Result<void> check_by_itself(const config::CertificateSpec& spec, const Bundle& bundle,
                             const Path& path, Arrival arrival, Time now) {
  return crypto::check_serving(
      {.names = spec.names, .key = spec.key, .arrival = arrival, .now = now}, bundle, path);
}

// Java's clients accept ten certificates and 32 KiB, which include the OCSP response.
Result<void> check_size(const Bundle& bundle) {
  if (bundle.chain().size() > crypto::kMostServedCertificates) {
    return crypto::refused_by(
        "size", fmt::format("the chain has {} certificates, and clients take at most {}",
                            bundle.chain().size(), crypto::kMostServedCertificates));
  }
  std::size_t size = 0;
  for (const Certificate& certificate : bundle.chain()) size += certificate.to_der().size();
  if (size > kMostServedBytes) {
    return crypto::refused_by(
        "size",
        fmt::format("the chain has {} bytes, and clients take at most {}", size, kMostServedBytes));
  }
  Result<void> fits = crypto::check_publishable(bundle);
  if (!fits) return crypto::refused_by("size", fits.error().message());
  return {};
}

Result<void> check_objection(const Candidate& candidate) {
  if (candidate.objection) return fail(*candidate.objection);
  return {};
}

Result<void> check_trust(const Candidate& candidate) {
  if (!candidate.trust || candidate.spec.source.facts().allows_untrusted) return {};
  if (!candidate.trust->installed || candidate.trust->candidate) return {};
  return crypto::refused_by(
      "trust", fmt::format("it is of {}, which this system does not trust, while the installed "
                           "certificate is of an authority that it trusts; trust=any or "
                           "trust=PATH of the source allows it",
                           candidate.bundle.chain().back().issuer()));
}

Result<void> check_later_end(const Candidate& candidate, const Path& path, const Path& installed) {
  if (candidate.may_end_sooner) return {};
  // The certificate of the path that ends first decides. Where two paths share a tail, the
  // certificates below it decide.
  const auto end_of = [](const Path& p) {
    return std::pair(p.end(), p.certificates.front().not_after());
  };
  const auto installed_end = end_of(installed);
  const auto end = end_of(path);
  if (end > installed_end || (candidate.is_wanted && end == installed_end)) return {};
  const bool gains_trust =
      candidate.trust && candidate.trust->candidate && !candidate.trust->installed;
  if (candidate.is_wanted && gains_trust) return {};
  return crypto::refused_by(
      "later end", fmt::format("the certificate ends at {}, the installed one ends {} ({})",
                               format_time(end.first), candidate.is_wanted ? "later" : "no sooner",
                               format_time(installed_end.first)));
}

Result<void> check_against_installed(const Candidate& candidate, const Path& path, Time now) {
  if (candidate.current == nullptr) return {};
  const Path installed = crypto::path_of(*candidate.current, now);
  if (!check_by_itself(candidate.spec, *candidate.current, installed, Arrival::stored, now)) {
    return {};
  }
  return crypto::first_refusal([&] { return check_trust(candidate); },
                               [&] { return check_later_end(candidate, path, installed); });
}

}  // namespace

std::optional<Trust> trust_of(const Bundle* current, const Bundle& candidate, Time now) {
  if (current == nullptr) return std::nullopt;
  return Trust{.installed = crypto::is_trusted_by_system(current->chain(), now),
               .candidate = crypto::is_trusted_by_system(candidate.chain(), now)};
}

Result<void> check_installed(const config::CertificateSpec& spec, const Bundle& bundle, Time now) {
  return check_by_itself(spec, bundle, crypto::path_of(bundle, now), Arrival::stored, now);
}

Result<Admission> admit(const Candidate& candidate, Time now) {
  const Path path = crypto::path_of(candidate.bundle, now);
  Result<void> passed = crypto::first_refusal(
      [&] {
        return check_by_itself(candidate.spec, candidate.bundle, path, Arrival::new_one, now);
      },
      [&] { return check_size(candidate.bundle); }, [&] { return check_objection(candidate); },
      [&] { return check_against_installed(candidate, path, now); });
  if (!passed) return pass(std::move(passed));
  return Gate::open(candidate.spec.name, candidate.bundle);
}

Result<Admission> admit_stored(const config::CertificateSpec& spec, const Bundle& bundle,
                               Time now) {
  config::CertificateSpec any_key = spec;
  any_key.key.reset();
  if (Result<void> good = check_installed(any_key, bundle, now); !good)
    return pass(std::move(good));
  return Gate::open(spec.name, bundle);
}

Admission readmit(const std::string& name, const Bundle& bundle) {
  return Gate::open(name, bundle);
}

}  // namespace ccm::policy
