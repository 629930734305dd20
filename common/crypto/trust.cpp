// SPDX-License-Identifier: Apache-2.0
#include "crypto/trust.h"

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

}  // namespace ccm::crypto
