#include "crypto/bundle.h"

#include <algorithm>
#include <iterator>

#include "crypto/chain.h"
#include "crypto/pem.h"

namespace ccm::crypto {
namespace {

using DigestContextHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

// Comparing public halves believes what the key file says about itself; a damaged private half
// shows only in a signature that the certificate does not verify.
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

PathEnd find_path_end(const std::vector<Certificate>& path,
                      const std::vector<Certificate>& arrived) {
  PathEnd end = PathEnd::open;
  for (const Certificate& root : arrived) {
    if (!root.is_ca() || !root.is_self_signed()) continue;
    if (std::any_of(path.begin(), path.end(),
                    [&](const Certificate& c) { return c.is_issued_by(root); })) {
      return PathEnd::rooted;
    }
    end = PathEnd::mismatched;
  }
  return end;
}

}  // namespace

Result<Bundle> Bundle::make(const std::vector<Certificate>& certificates, KeyPair key) {
  Result<std::vector<Certificate>> chain = order_chain(certificates, &key);
  if (!chain) return pass(std::move(chain));
  const bool is_usable = can_sign_for(key, chain->front());
  drain_openssl_errors();
  if (!is_usable) {
    return fail(ErrorKind::rejected,
                "the private key is damaged: what it signs does not verify with the certificate");
  }
  const PathEnd end = find_path_end(*chain, certificates);
  return Bundle(std::move(*chain), std::move(key), end);
}

Result<Bundle> Bundle::parse_pem(std::string_view certificate_pem, std::string_view chain_pem,
                                 KeyPair key) {
  Result<std::vector<Certificate>> certificates = parse_certificates_pem(certificate_pem);
  if (!certificates) return pass(std::move(certificates));
  if (certificates->empty()) {
    return fail(ErrorKind::invalid, "the PEM text holds no BEGIN CERTIFICATE block");
  }
  Result<std::vector<Certificate>> issuers = parse_certificates_pem(chain_pem);
  if (!issuers) return fail_with(std::move(issuers), "certificate chain");
  certificates->insert(certificates->end(), std::make_move_iterator(issuers->begin()),
                       std::make_move_iterator(issuers->end()));
  return make(*certificates, std::move(key));
}

}  // namespace ccm::crypto
