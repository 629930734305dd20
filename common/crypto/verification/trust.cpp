// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/trust.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace ccm::crypto {

Result<void> add_trust(void* context, const std::vector<Certificate>& trusted) {
  X509_STORE* store = SSL_CTX_get_cert_store(static_cast<SSL_CTX*>(context));
  for (const Certificate& certificate : trusted) {
    if (store == nullptr || X509_STORE_add_cert(store, certificate.native()) != 1) {
      return fail(openssl_error(ErrorKind::internal, "trust a certificate"));
    }
  }
  return {};
}

Result<void> show_certificate(void* context, const std::vector<Certificate>& chain,
                              const KeyPair& key) {
  auto* tls = static_cast<SSL_CTX*>(context);
  if (chain.empty() || SSL_CTX_use_certificate(tls, chain.front().native()) != 1 ||
      SSL_CTX_use_PrivateKey(tls, key.native()) != 1) {
    return fail(openssl_error(ErrorKind::rejected, "show a client certificate"));
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(tls, chain[i].native()) != 1) {
      return fail(openssl_error(ErrorKind::internal, "show a client certificate's chain"));
    }
  }
  return {};
}

}  // namespace ccm::crypto
