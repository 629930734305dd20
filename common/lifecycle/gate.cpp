#include "lifecycle/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "config/sentences.h"
#include "crypto/names.h"

namespace ccm::lifecycle {
namespace {

using crypto::Bundle;
using crypto::Certificate;
using crypto::KeyAlgorithm;
using crypto::KeyType;

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

Result<void> check_key_match(const Bundle& bundle) {
  if (bundle.leaf().matches(bundle.key())) return {};
  return refuse("key match", "the private key does not belong to the certificate");
}

Result<void> check_names(const config::CertificateSpec& spec, const Certificate& leaf) {
  const std::vector<std::string> covered = leaf.names();
  const std::string_view missing = crypto::first_uncovered(covered, spec.names);
  if (missing.empty()) return {};
  return refuse("names",
                fmt::format("the certificate covers {} but not \"{}\"",
                            covered.empty() ? "no server name"
                                            : config::enumerated(covered, kNamesInSentence),
                            missing));
}

Result<void> check_not_before(const Certificate& leaf, Time now) {
  if (leaf.not_before() <= now) return {};
  return fail(Error(ErrorKind::rejected,
                    fmt::format("the certificate is valid only from {}; when that is not meant, "
                                "check the clock of this machine",
                                format_time(leaf.not_before())))
                  .with_context("not before")
                  .with_retry_after(leaf.not_before() - now));
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
  if (issuer.not_before() > now || issuer.not_after() <= now) {
    return refuse("chain",
                  fmt::format("the issuer {} is valid only from {} until {}", issuer.subject(),
                              format_time(issuer.not_before()), format_time(issuer.not_after())));
  }
  return {};
}

Result<void> check_chain(const Bundle& bundle, Time now) {
  if (bundle.leaf().is_self_signed()) {
    return refuse("chain", "the certificate is signed by itself, not by an authority");
  }
  const std::vector<Certificate>& chain = bundle.chain();
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (Result<void> good = check_issuer(chain[i - 1], chain[i], now); !good) return good;
  }
  return {};
}

// A leaf right below a root is legal, but without the root nobody can tell it from a lost
// intermediate, which half of the clients would not survive.
Result<void> check_completeness(const Bundle& bundle) {
  const bool is_alone = bundle.chain().size() == 1 && bundle.path_end() == crypto::PathEnd::open;
  if (!is_alone && bundle.path_end() != crypto::PathEnd::mismatched) return {};
  const Certificate& last = bundle.chain().back();
  return refuse("chain", fmt::format("the certificate of the issuer {} is missing ({} needs it)",
                                     last.issuer(), last.subject()));
}

bool is_strong(KeyType key) noexcept {
  switch (key.algorithm) {
    case KeyAlgorithm::rsa:
      return key.bits >= 2048;
    case KeyAlgorithm::ecdsa:
      return key.bits == 256 || key.bits == 384;
    case KeyAlgorithm::other:
      break;
  }
  return false;
}

Result<void> check_key_strength(const Bundle& bundle) {
  const KeyType key = bundle.leaf().key_type();
  if (!is_strong(key)) {
    return refuse("key strength",
                  fmt::format("the certificate's key is {}; it must be RSA of at least 2048 bits "
                              "or ECDSA on P-256 or P-384",
                              to_string(key)));
  }
  for (const Certificate& issuer : bundle.chain()) {
    const KeyType type = issuer.key_type();
    if (type.algorithm == KeyAlgorithm::rsa && type.bits < 2048) {
      return refuse("key strength", fmt::format("the issuer {} has a key of {} bits only",
                                                issuer.subject(), type.bits));
    }
  }
  return {};
}

Result<void> check_key_type(const config::CertificateSpec& spec, const Certificate& leaf) {
  if (!spec.key || leaf.key_type() == *spec.key) return {};
  return refuse("key type", fmt::format("the certificate's key is {}, and {} is configured",
                                        to_string(leaf.key_type()), to_string(*spec.key)));
}

Result<void> check_signatures(const Bundle& bundle) {
  for (const Certificate& certificate : bundle.chain()) {
    if (certificate.signature_strength() == crypto::SignatureStrength::strong) continue;
    return refuse("signature strength",
                  fmt::format("{} is signed with an algorithm that is broken or that clients do "
                              "not know (MD5, SHA-1, SM3, …); it must be SHA-256 or better",
                              certificate.subject()));
  }
  return {};
}

Result<void> check_server_auth(const Certificate& leaf) {
  if (leaf.allows_server_auth()) return {};
  return refuse("server authentication",
                "the certificate's extended key usage does not allow serverAuth");
}

// The two halves between which the arrival rule stands.
Result<void> check_up_to_chain(const config::CertificateSpec& spec, const Bundle& bundle,
                               Time now) {
  return first_refusal([&] { return check_key_match(bundle); },
                       [&] { return check_names(spec, bundle.leaf()); },
                       [&] { return check_not_before(bundle.leaf(), now); },
                       [&] { return check_not_after(bundle.leaf(), now); },
                       [&] { return check_chain(bundle, now); });
}

Result<void> check_algorithms(const config::CertificateSpec& spec, const Bundle& bundle) {
  return first_refusal([&] { return check_key_strength(bundle); },
                       [&] { return check_key_type(spec, bundle.leaf()); },
                       [&] { return check_signatures(bundle); },
                       [&] { return check_server_auth(bundle.leaf()); });
}

Result<void> check_later_end(const Candidate& candidate, Time now) {
  if (candidate.current == nullptr || candidate.may_end_sooner) return {};
  const Time installed_end = candidate.current->leaf().not_after();
  const Time end = candidate.bundle.leaf().not_after();
  if (end > installed_end || (candidate.is_wanted && end == installed_end)) return {};
  if (!check_installed(candidate.spec, *candidate.current, now)) return {};
  return refuse(
      "later end",
      fmt::format("the certificate ends at {}, the installed one ends {} ({})", format_time(end),
                  candidate.is_wanted ? "later" : "no sooner", format_time(installed_end)));
}

}  // namespace

Result<void> check_installed(const config::CertificateSpec& spec, const Bundle& bundle, Time now) {
  return first_refusal([&] { return check_up_to_chain(spec, bundle, now); },
                       [&] { return check_algorithms(spec, bundle); });
}

Result<void> admit(const Candidate& candidate, Time now) {
  return first_refusal([&] { return check_up_to_chain(candidate.spec, candidate.bundle, now); },
                       [&] { return check_completeness(candidate.bundle); },
                       [&] { return check_algorithms(candidate.spec, candidate.bundle); },
                       [&] { return check_later_end(candidate, now); });
}

}  // namespace ccm::lifecycle
