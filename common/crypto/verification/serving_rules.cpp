// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/serving_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/sentences.h"
#include "base/text.h"
#include "base/url.h"
#include "crypto/certificate/names.h"
#include "crypto/verification/client_rules.h"
#include "crypto/verification/client_verdict.h"
#include "crypto/verification/path_rules.h"

namespace ccm::crypto {
namespace {

constexpr std::size_t kMostNames = 5;  // in a sentence

Failure refused_until(std::string_view rule, std::string sentence, Seconds wait) {
  return fail(
      Error(ErrorKind::rejected, std::move(sentence)).with_context(rule).with_retry_after(wait));
}

Result<void> check_key_match(const Bundle& bundle) {
  if (bundle.leaf().matches(bundle.key())) return {};
  return refused_by("key match", "the private key does not belong to the certificate");
}

Result<void> check_names(const std::vector<std::string>& names, const Certificate& leaf) {
  const std::vector<std::string> covered = leaf.names();
  std::string_view missing = first_uncovered(covered, names);
  if (missing.empty()) {
    const auto strange = std::find_if(names.begin(), names.end(), [&](const auto& name) {
      return !is_named_for_client(leaf, name);
    });
    if (strange == names.end()) return {};
    missing = *strange;
  }
  if (covered.empty()) {
    return refused_by("names",
                      fmt::format("its subjectAltName has no server name, so it does not cover "
                                  "\"{}\"; clients do not look at the common name",
                                  missing));
  }
  return refused_by("names", fmt::format("the certificate covers {} but not \"{}\"",
                                         enumerated(covered, kMostNames), missing));
}

Result<void> check_not_before(const Certificate& leaf, Time now) {
  if (leaf.not_before() <= now) return {};
  return refused_until("not before",
                       fmt::format("the certificate is valid only from {}; when that is not meant, "
                                   "check the clock of this machine",
                                   format_time(leaf.not_before())),
                       leaf.not_before() - now);
}

Result<void> check_not_after(const Certificate& leaf, Time now) {
  if (leaf.not_after() > now) return {};
  return refused_by("not after",
                    fmt::format("the certificate expired at {}", format_time(leaf.not_after())));
}

Result<void> check_issuer(const Certificate& issued, const Certificate& issuer, Time now) {
  if (!issuer.is_ca()) {
    return refused_by("chain", fmt::format("{} is no certificate authority", issuer.subject()));
  }
  if (!issued.is_issued_by(issuer)) {
    return refused_by("chain",
                      fmt::format("{} is not signed by {}", issued.subject(), issuer.subject()));
  }
  if (issuer.not_before() <= now && issuer.not_after() > now) return {};
  std::string sentence =
      fmt::format("the issuer {} is valid only from {} until {}", issuer.subject(),
                  format_time(issuer.not_before()), format_time(issuer.not_after()));
  if (issuer.not_before() <= now) return refused_by("chain", std::move(sentence));
  return refused_until("chain", std::move(sentence), issuer.not_before() - now);
}

Result<void> check_chain(const Path& path, Time now) {
  const std::vector<Certificate>& chain = path.certificates;
  if (chain.front().is_self_signed()) {
    return refused_by("chain", "the certificate is signed by itself, not by an authority");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (Result<void> good = check_issuer(chain[i - 1], chain[i], now); !good) return good;
  }
  return {};
}

// A leaf directly below a root is legal. Without the root nobody can distinguish it from a leaf
// whose intermediate was lost, and half of the clients would refuse that. Higher up nobody can tell
// at all, because clients may have any authority.
Result<void> check_completeness(const Path& path) {
  if (path.certificates.size() > 1 || path.root) return {};
  const Certificate& last = path.certificates.back();
  return refused_by("chain",
                    fmt::format("the certificate of the issuer {} is missing ({} needs it)",
                                last.issuer(), last.subject()));
}

Result<void> check_key_strength(const Path& path) {
  const std::vector<Certificate>& chain = path.certificates;
  if (const std::string problem = leaf_key_problem(chain.front()); !problem.empty()) {
    return refused_by("key strength", "the certificate's key " + problem);
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const std::string problem = issuer_key_problem(chain[i]);
    if (problem.empty()) continue;
    return refused_by("key strength",
                      fmt::format("the key of the issuer {} {}", chain[i].subject(), problem));
  }
  return {};
}

Result<void> check_key_type(const std::optional<KeyType>& key, const Certificate& leaf) {
  if (!key || leaf.key_type() == *key) return {};
  return refused_by("key type", fmt::format("the certificate's key is {}, and {} is configured",
                                            to_string(leaf.key_type()), to_string(*key)));
}

Result<void> check_signatures(const Path& path) {
  for (const Certificate& certificate : path.certificates) {
    if (certificate.signature_strength() == SignatureStrength::strong) continue;
    return refused_by(
        "signature strength",
        fmt::format("{} is signed with an algorithm that is broken or that clients do "
                    "not know (MD5, SHA-1, SM3, …), or with too short a key; it must be SHA-256, "
                    "SHA-384 or SHA-512, with RSA of at least 2048 bits or ECDSA of 256",
                    certificate.subject()));
  }
  return {};
}

Result<void> check_form(const Path& path) {
  for (const Certificate& certificate : path.certificates) {
    const std::string problem = form_problem(certificate);
    if (problem.empty()) continue;
    return refused_by("form", fmt::format("clients refuse {}: {}", certificate.subject(), problem));
  }
  return {};
}

Result<void> check_server_auth(const Certificate& leaf) {
  if (!leaf.allows_server_auth()) {
    return refused_by("server authentication",
                      "the certificate's extended key usage does not allow serverAuth");
  }
  if (!leaf.allows_signing()) {
    return refused_by(
        "server authentication",
        "the certificate's key usage does not allow digitalSignature, which TLS 1.3 and "
        "every cipher with forward secrecy need");
  }
  if (!leaf.is_ca()) return {};
  return refused_by(
      "server authentication",
      "the certificate is an authority's (CA:TRUE), and browsers refuse that for a server");
}

// RFC 7633: clients refuse it without a response, and without a responder nobody could get one.
Result<void> check_stapling(const Certificate& leaf) {
  if (!leaf.requires_stapling()) return {};
  const std::vector<std::string> urls = leaf.ocsp_urls();
  if (std::any_of(urls.begin(), urls.end(), is_plain_http)) return {};
  return refused_by(
      "stapling",
      "the certificate demands a stapled OCSP response (must-staple) and names no OCSP "
      "responder that is reached by HTTP");
}

// The delivered root, if it is directly above the path.
const Certificate* root_above(const Path& path) {
  const bool is_above = path.root && path.certificates.back().is_issued_by(*path.root);
  return is_above ? &*path.root : nullptr;
}

// Catches everything else that a client would not accept.
Result<void> check_as_client(const Path& path, Time now) {
  const Certificate* root = root_above(path);
  std::string problem;
  if (root != nullptr) problem = root_problem(*root);
  if (!problem.empty()) {
    return refused_by("clients",
                      fmt::format("clients refuse the root {}: {}", root->subject(), problem));
  }
  // Clients may have a later one with the same key.
  const bool is_live = root != nullptr && root->not_before() <= now && root->not_after() > now;
  if (!is_live) root = nullptr;
  Result<void> verified = verify_as_client(
      path.certificates, root != nullptr ? std::optional(*root) : std::nullopt, now);
  if (!verified && verified.error().kind() != ErrorKind::rejected) return verified;
  problem = verified ? path_problem(path.certificates, root) : verified.error().message();
  if (problem.empty()) return {};
  return refused_by("clients", "clients refuse the chain: " + problem);
}

Result<void> check_algorithms(const std::optional<KeyType>& key, const Path& path) {
  return first_refusal([&] { return check_key_strength(path); },
                       [&] { return check_key_type(key, path.certificates.front()); },
                       [&] { return check_signatures(path); });
}

Result<void> check_use(const Path& path, Time now) {
  return first_refusal([&] { return check_form(path); },
                       [&] { return check_server_auth(path.certificates.front()); },
                       [&] { return check_stapling(path.certificates.front()); },
                       [&] { return check_as_client(path, now); });
}

}  // namespace

Failure refused_by(std::string_view rule, std::string sentence) {
  return fail(Error(ErrorKind::rejected, std::move(sentence)).with_context(rule));
}

Path path_of(const Bundle& bundle, Time now) {
  std::vector<Certificate> others(bundle.chain().begin() + 1, bundle.chain().end());
  if (bundle.root()) others.push_back(*bundle.root());
  return find_path(bundle.leaf(), others, now);
}

Result<void> check_serving(const ServingTerms& terms, const Bundle& bundle, const Path& path) {
  const Time now = terms.now;
  return first_refusal(
      [&] { return check_key_match(bundle); },
      [&] { return check_names(terms.names, bundle.leaf()); },
      [&] { return check_not_before(bundle.leaf(), now); },
      [&] { return check_not_after(bundle.leaf(), now); }, [&] { return check_chain(path, now); },
      [&] { return terms.arrival == Arrival::stored ? Result<void>() : check_completeness(path); },
      [&] { return check_algorithms(terms.key, path); }, [&] { return check_use(path, now); });
}

}  // namespace ccm::crypto
