// SPDX-License-Identifier: Apache-2.0
// A certificate message compressed for clients of TLS 1.3 that take it so (RFC 8879). OpenSSL does
// it from 3.2 on; with an older one there is nothing here to use. Made by one thread of a worker
// for each value of a certificate, because it takes milliseconds; handed over in each handshake.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <vector>

#include "base/handle.h"
#include "crypto/bundle.h"

namespace ccm::server {

using SslHandle = Handle<SSL, SSL_free>;
using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;

// Whether this OpenSSL compresses certificates: it is 3.2 or later, and was made with zlib, brotli
// or zstd.
bool can_compress_certificates();

class CompressedCertificate {
 public:
  // In every way that OpenSSL can and that makes it shorter; none is no error. `context`: one in
  // which the certificate is served. `intermediates`: without the leaf.
  static CompressedCertificate make(SSL_CTX* context, const crypto::Bundle& bundle,
                                    STACK_OF(X509) * intermediates);

  // For the certificate that the connection was given last. A response of OCSP does not go with it:
  // OpenSSL has no place for one in a compressed message.
  void hand_to(SSL* ssl) const;

  std::size_t count() const noexcept { return forms_.size(); }

 private:
  struct Form {
    int algorithm = 0;                 // TLS's number of it
    std::vector<unsigned char> bytes;  // compressed
    std::size_t length = 0;            // before
  };

  std::vector<Form> forms_;
};

}  // namespace ccm::server
