// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "config/sentences.h"
#include "crypto/client_rules.h"
#include "crypto/client_verdict.h"
#include "crypto/names.h"

namespace ccm::lifecycle {
namespace {

using crypto::Bundle;
using crypto::Certificate;
using crypto::Path;

constexpr std::size_t kNamesInSentence = 5;

// The first refusal of the rules, asked in order.
template <typename... Rules>
Result<void> first_refusal(const Rules&... rules) {
  Result<void> verdict;
  static_cast<void>(((verdict = rules()).has_value() && ...));
  return verdict;
}

Failure refuse(std::string_view rule, std::string sentence) {
  return fail(Error(ErrorKind::rejected, std::move(sentence)).with_context(rule));
}

Failure refuse_until(std::string_view rule, std::string sentence, Seconds wait) {
  return fail(
      Error(ErrorKind::rejected, std::move(sentence)).with_context(rule).with_retry_after(wait));
}

Result<void> check_key_match(const Bundle& bundle) {
  if (bundle.leaf().matches(bundle.key())) return {};
  return refuse("key match", "the private key does not belong to the certificate");
}

Result<void> check_names(const config::CertificateSpec& spec, const Certificate& leaf) {
  const std::vector<std::string> covered = leaf.names();
  std::string_view missing = crypto::first_uncovered(covered, spec.names);
  if (missing.empty()) {
    const auto strange = std::find_if(spec.names.begin(), spec.names.end(), [&](const auto& name) {
      return !crypto::is_named_for_client(leaf, name);
    });
    if (strange == spec.names.end()) return {};
    missing = *strange;
  }
  if (covered.empty()) {
    return refuse("names",
                  fmt::format("its subjectAltName has no server name, so it does not cover "
                              "\"{}\"; clients do not look at the common name",
                              missing));
  }
  return refuse("names", fmt::format("the certificate covers {} but not \"{}\"",
                                     config::enumerated(covered, kNamesInSentence), missing));
}

Result<void> check_not_before(const Certificate& leaf, Time now) {
  if (leaf.not_before() <= now) return {};
  return refuse_until("not before",
                      fmt::format("the certificate is valid only from {}; when that is not meant, "
                                  "check the clock of this machine",
                                  format_time(leaf.not_before())),
                      leaf.not_before() - now);
}

Result<void> check_not_after(const Certificate& leaf, Time now) {
  if (leaf.not_after() > now) return {};
  return refuse("not after",
                fmt::format("the certificate expired at {}", format_time(leaf.not_after())));
}

Result<void> check_issuer(const Certificate& issued, const Certificate& issuer, Time now) {
  if (!issuer.is_ca()) {
    return refuse("chain", fmt::format("{} is no certificate authority", issuer.subject()));
  }
  if (!issued.is_issued_by(issuer)) {
    return refuse("chain",
                  fmt::format("{} is not signed by {}", issued.subject(), issuer.subject()));
  }
  if (issuer.not_before() <= now && issuer.not_after() > now) return {};
  std::string sentence =
      fmt::format("the issuer {} is valid only from {} until {}", issuer.subject(),
                  format_time(issuer.not_before()), format_time(issuer.not_after()));
  if (issuer.not_before() <= now) return refuse("chain", std::move(sentence));
  return refuse_until("chain", std::move(sentence), issuer.not_before() - now);
}

Result<void> check_chain(const Path& path, Time now) {
  const std::vector<Certificate>& chain = path.certificates;
  if (chain.front().is_self_signed()) {
    return refuse("chain", "the certificate is signed by itself, not by an authority");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (Result<void> good = check_issuer(chain[i - 1], chain[i], now); !good) return good;
  }
  return {};
}

// A leaf right below a root is legal, but without the root nobody can tell it from a lost
// intermediate, which half of the clients would not survive. Higher up nobody can tell at all: any
// authority may be one that clients have.
Result<void> check_completeness(const Path& path) {
  if (path.certificates.size() > 1 || path.root) return {};
  const Certificate& last = path.certificates.back();
  return refuse("chain", fmt::format("the certificate of the issuer {} is missing ({} needs it)",
                                     last.issuer(), last.subject()));
}

Result<void> check_key_strength(const Path& path) {
  const std::vector<Certificate>& chain = path.certificates;
  if (const std::string problem = crypto::leaf_key_problem(chain.front()); !problem.empty()) {
    return refuse("key strength", "the certificate's key " + problem);
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const std::string problem = crypto::issuer_key_problem(chain[i]);
    if (problem.empty()) continue;
    return refuse("key strength",
                  fmt::format("the key of the issuer {} {}", chain[i].subject(), problem));
  }
  return {};
}

Result<void> check_key_type(const config::CertificateSpec& spec, const Certificate& leaf) {
  if (!spec.key || leaf.key_type() == *spec.key) return {};
  return refuse("key type", fmt::format("the certificate's key is {}, and {} is configured",
                                        to_string(leaf.key_type()), to_string(*spec.key)));
}

Result<void> check_signatures(const Path& path) {
  for (const Certificate& certificate : path.certificates) {
    if (certificate.signature_strength() == crypto::SignatureStrength::strong) continue;
    return refuse("signature strength",
                  fmt::format("{} is signed with an algorithm that is broken or that clients do "
                              "not know (MD5, SHA-1, SM3, …); it must be SHA-256, SHA-384 or "
                              "SHA-512",
                              certificate.subject()));
  }
  return {};
}

Result<void> check_form(const Path& path) {
  for (const Certificate& certificate : path.certificates) {
    const std::string problem = crypto::form_problem(certificate);
    if (problem.empty()) continue;
    return refuse("form", fmt::format("clients refuse {}: {}", certificate.subject(), problem));
  }
  return {};
}

Result<void> check_server_auth(const Certificate& leaf) {
  if (!leaf.allows_server_auth()) {
    return refuse("server authentication",
                  "the certificate's extended key usage does not allow serverAuth");
  }
  if (!leaf.allows_signing()) {
    return refuse("server authentication",
                  "the certificate's key usage does not allow digitalSignature, which TLS 1.3 and "
                  "every cipher with forward secrecy need");
  }
  if (!leaf.is_ca()) return {};
  return refuse(
      "server authentication",
      "the certificate is an authority's (CA:TRUE), and browsers refuse that for a server");
}

// RFC 7633: without a response clients refuse it, and nobody could ever give one.
Result<void> check_stapling(const Certificate& leaf) {
  if (!leaf.requires_stapling()) return {};
  const std::vector<std::string> urls = leaf.ocsp_urls();
  const bool has_responder = std::any_of(urls.begin(), urls.end(), [](const std::string& url) {
    return to_lower(url.substr(0, 7)) == "http://";
  });
  if (has_responder) return {};
  return refuse("stapling",
                "the certificate demands a stapled OCSP response (must-staple) and names no OCSP "
                "responder that is reached by HTTP");
}

// What is left is whatever else a client would not accept.
Result<void> check_as_client(const Path& path, Time now) {
  const bool has_live_root = path.root && path.root->not_before() <= now &&
                             path.root->not_after() > now &&
                             path.certificates.back().is_issued_by(*path.root);
  Result<void> verified =
      crypto::verify_as_client(path.certificates, has_live_root ? path.root : std::nullopt, now);
  if (verified || verified.error().kind() != ErrorKind::rejected) return verified;
  return refuse("clients", "clients refuse the chain: " + verified.error().message());
}

Result<void> check_algorithms(const config::CertificateSpec& spec, const Path& path) {
  return first_refusal([&] { return check_key_strength(path); },
                       [&] { return check_key_type(spec, path.certificates.front()); },
                       [&] { return check_signatures(path); });
}

Result<void> check_use(const Path& path, Time now) {
  return first_refusal([&] { return check_form(path); },
                       [&] { return check_server_auth(path.certificates.front()); },
                       [&] { return check_stapling(path.certificates.front()); },
                       [&] { return check_as_client(path, now); });
}

Path path_of(const Bundle& bundle, Time now) {
  std::vector<Certificate> others(bundle.chain().begin() + 1, bundle.chain().end());
  if (bundle.root()) others.push_back(*bundle.root());
  return crypto::find_path(bundle.leaf(), others, now);
}

// All rules about a bundle by itself. What is stored has no root any more.
enum class Arrival : bool { stored, new_one };

Result<void> check_by_itself(const config::CertificateSpec& spec, const Bundle& bundle,
                             const Path& path, Arrival arrival, Time now) {
  return first_refusal(
      [&] { return check_key_match(bundle); }, [&] { return check_names(spec, bundle.leaf()); },
      [&] { return check_not_before(bundle.leaf(), now); },
      [&] { return check_not_after(bundle.leaf(), now); }, [&] { return check_chain(path, now); },
      [&] { return arrival == Arrival::stored ? Result<void>() : check_completeness(path); },
      [&] { return check_algorithms(spec, path); }, [&] { return check_use(path, now); });
}

// Java's clients take ten certificates and 32 KiB, in which the OCSP response is, too.
Result<void> check_size(const Bundle& bundle) {
  if (bundle.chain().size() > crypto::kMostServedCertificates) {
    return refuse("size", fmt::format("the chain has {} certificates, and clients take at most {}",
                                      bundle.chain().size(), crypto::kMostServedCertificates));
  }
  std::size_t size = 0;
  for (const Certificate& certificate : bundle.chain()) size += certificate.to_der().size();
  if (size > kMostServedBytes) {
    return refuse("size", fmt::format("the chain has {} bytes, and clients take at most {}", size,
                                      kMostServedBytes));
  }
  Result<void> fits = crypto::check_publishable(bundle);
  if (!fits) return refuse("size", fits.error().message());
  return {};
}

// A private authority is what the operator chose.
bool allows_untrusted(const config::SourceSpec& source) {
  const auto* scm = std::get_if<config::ScmSource>(&source);
  return scm == nullptr || scm->uploads == config::Uploads::on;
}

Result<void> check_trust(const Candidate& candidate) {
  if (!candidate.trust || allows_untrusted(candidate.spec.source)) return {};
  if (!candidate.trust->installed || candidate.trust->candidate) return {};
  return refuse("trust",
                fmt::format("it is of {}, which this system does not trust, while the installed "
                            "certificate is of an authority that it trusts; uploads=on of the "
                            "source allows it",
                            candidate.bundle.chain().back().issuer()));
}

Result<void> check_later_end(const Candidate& candidate, const Path& path, const Path& installed) {
  if (candidate.may_end_sooner) return {};
  // The first of the path to end ends it all; when one tail is common to both, what is below it
  // decides.
  const auto end_of = [](const Path& p) {
    return std::pair(p.end(), p.certificates.front().not_after());
  };
  const auto installed_end = end_of(installed);
  const auto end = end_of(path);
  if (end > installed_end || (candidate.is_wanted && end == installed_end)) return {};
  const bool gains_trust =
      candidate.trust && candidate.trust->candidate && !candidate.trust->installed;
  if (candidate.is_wanted && gains_trust) return {};
  return refuse("later end",
                fmt::format("the certificate ends at {}, the installed one ends {} ({})",
                            format_time(end.first), candidate.is_wanted ? "later" : "no sooner",
                            format_time(installed_end.first)));
}

Result<void> check_against_installed(const Candidate& candidate, const Path& path, Time now) {
  if (candidate.current == nullptr) return {};
  const Path installed = path_of(*candidate.current, now);
  if (!check_by_itself(candidate.spec, *candidate.current, installed, Arrival::stored, now)) {
    return {};
  }
  return first_refusal([&] { return check_trust(candidate); },
                       [&] { return check_later_end(candidate, path, installed); });
}

}  // namespace

std::optional<Trust> trust_of(const Bundle* current, const Bundle& candidate, Time now) {
  if (current == nullptr) return std::nullopt;
  return Trust{.installed = crypto::is_trusted_by_system(current->chain(), now),
               .candidate = crypto::is_trusted_by_system(candidate.chain(), now)};
}

Result<void> check_installed(const config::CertificateSpec& spec, const Bundle& bundle, Time now) {
  return check_by_itself(spec, bundle, path_of(bundle, now), Arrival::stored, now);
}

Result<void> admit(const Candidate& candidate, Time now) {
  const Path path = path_of(candidate.bundle, now);
  return first_refusal(
      [&] {
        return check_by_itself(candidate.spec, candidate.bundle, path, Arrival::new_one, now);
      },
      [&] { return check_size(candidate.bundle); },
      [&] { return check_against_installed(candidate, path, now); });
}

}  // namespace ccm::lifecycle
