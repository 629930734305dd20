// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/sentences.h"
#include "crypto/certificate/chain.h"
#include "crypto/certificate/pem.h"

namespace ccm::crypto {
namespace {

using DigestContextHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

// Comparing the public halves trusts what the key file says about itself. A damaged private half
// only shows in a signature that the certificate does not verify.
bool can_sign_for(const KeyPair& key, const Certificate& leaf) {
  constexpr unsigned char kMessage[] = "does this key sign for this certificate?";
  const DigestContextHandle signer(EVP_MD_CTX_new());
  const DigestContextHandle verifier(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (signer == nullptr || verifier == nullptr ||
      EVP_DigestSignInit(signer.get(), nullptr, nullptr, nullptr, key.native()) != 1 ||
      EVP_DigestSign(signer.get(), nullptr, &size, kMessage, sizeof kMessage) != 1) {
    return false;
  }
  std::vector<unsigned char> signature(size);
  return EVP_DigestSign(signer.get(), signature.data(), &size, kMessage, sizeof kMessage) == 1 &&
         EVP_DigestVerifyInit(verifier.get(), nullptr, nullptr, nullptr,
                              X509_get0_pubkey(leaf.native())) == 1 &&
         EVP_DigestVerify(verifier.get(), signature.data(), size, kMessage, sizeof kMessage) == 1;
}

PathEnd end_of(const Ordered& ordered) {
  if (ordered.path.root) return PathEnd::rooted;
  const bool has_root =
      std::any_of(ordered.dropped.begin(), ordered.dropped.end(),
                  [](const Certificate& c) { return c.is_ca() && c.is_self_signed(); });
  return has_root ? PathEnd::mismatched : PathEnd::open;
}

std::string describe(const std::vector<Certificate>& dropped, std::optional<Time> now) {
  constexpr std::size_t kMostNamed = 3;
  std::vector<std::string> sentences;
  for (const Certificate& certificate : dropped) {
    std::string why = fmt::format("issued by {}", certificate.issuer());
    if (now && certificate.not_after() <= *now) {
      why = fmt::format("ended at {}", format_time(certificate.not_after()));
    } else if (now && certificate.not_before() > *now) {
      why = fmt::format("begins at {}", format_time(certificate.not_before()));
    }
    sentences.push_back(fmt::format("{} ({})", certificate.subject(), why));
  }
  return enumerated(sentences, kMostNamed);
}

Result<void> check_key(const KeyPair& key, const Certificate& leaf) {
  const bool is_usable = can_sign_for(key, leaf);
  drain_openssl_errors();
  if (is_usable) return {};
  return fail(ErrorKind::rejected,
              "the private key is damaged: what it signs does not verify with the certificate");
}

}  // namespace

Result<Bundle> Bundle::make(const std::vector<Certificate>& certificates, KeyPair key,
                            std::optional<Time> now) {
  Result<Ordered> ordered = order(certificates, &key, now);
  if (!ordered) return pass(std::move(ordered));
  if (Result<void> good = check_key(key, ordered->chain.front()); !good) {
    return pass(std::move(good));
  }
  Bundle bundle(std::move(ordered->chain), std::move(key));
  bundle.path_end_ = end_of(*ordered);
  bundle.root_ = ordered->path.root;
  bundle.left_out_ = describe(ordered->dropped, now);
  return bundle;
}

Result<Bundle> Bundle::restore(std::vector<Certificate> chain, KeyPair key) {
  if (chain.empty()) return fail(ErrorKind::invalid, "there is no certificate");
  if (!chain.front().matches(key)) {
    return fail(
        ErrorKind::rejected,
        fmt::format("the private key does not fit the certificate of {}", chain.front().subject()));
  }
  if (Result<void> good = check_key(key, chain.front()); !good) return pass(std::move(good));
  return Bundle(std::move(chain), std::move(key));
}

Result<Bundle> Bundle::parse_pem(std::string_view certificate_pem, std::string_view chain_pem,
                                 KeyPair key, std::optional<Time> now) {
  Result<std::vector<Certificate>> certificates = parse_certificates_pem(certificate_pem);
  if (!certificates) return pass(std::move(certificates));
  if (certificates->empty()) {
    return fail(ErrorKind::invalid, "the PEM text holds no BEGIN CERTIFICATE block");
  }
  Result<std::vector<Certificate>> issuers = parse_certificates_pem(chain_pem);
  if (!issuers) return fail_with(std::move(issuers), "certificate chain");
  certificates->insert(certificates->end(), std::make_move_iterator(issuers->begin()),
                       std::make_move_iterator(issuers->end()));
  return make(*certificates, std::move(key), now);
}

Result<void> check_publishable(const Bundle& bundle) {
  const std::size_t count = bundle.chain().size();
  if (count > kMostPublishedCertificates) {
    return fail(
        ErrorKind::rejected,
        fmt::format("a chain of {} certificates is too long to be published; at most {} fit", count,
                    kMostPublishedCertificates));
  }
  const Result<std::size_t> key = bundle.key().der_size();
  if (!key) return fail(key.error());
  std::size_t size = *key;
  for (const Certificate& certificate : bundle.chain()) size += certificate.to_der().size();
  if (size <= kMostPublishedBytes) return {};
  return fail(ErrorKind::rejected,
              fmt::format("chain and key have {} bytes, which is too large to be published; at "
                          "most {} fit",
                          size, kMostPublishedBytes));
}

}  // namespace ccm::crypto
