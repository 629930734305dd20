// SPDX-License-Identifier: Apache-2.0
// A compressed certificate message for TLS 1.3 clients that accept one (RFC 8879). OpenSSL offers
// this from 3.2 on; with an older OpenSSL nothing here has an effect. Compression takes
// milliseconds, so one thread of a worker compresses each value of a certificate once, and every
// handshake uses the result.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <vector>

#include "base/handle.h"
#include "crypto/certificate/bundle.h"

namespace ccm::server {

using SslHandle = Handle<SSL, SSL_free>;
using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;

// Whether this OpenSSL compresses certificates: it is 3.2 or later, and was made with zlib, brotli
// or zstd.
bool can_compress_certificates();

class CompressedCertificate {
 public:
  // Compresses with every algorithm that OpenSSL has, and keeps the results that are shorter; none
  // is no error. `context`: one in which the certificate is served. `intermediates`: without the
  // leaf.
  static CompressedCertificate make(SSL_CTX* context, const crypto::Bundle& bundle,
                                    STACK_OF(X509) * intermediates);

  // Call it directly after the certificate was given to the connection. An OCSP response cannot be
  // sent with it: OpenSSL has no place for one in a compressed message.
  void hand_to(SSL* ssl) const;

  std::size_t count() const noexcept { return forms_.size(); }

 private:
  struct Form {
    int algorithm = 0;                 // its number in TLS
    std::vector<unsigned char> bytes;  // compressed
    std::size_t length = 0;            // before compression
  };

  std::vector<Form> forms_;
};

}  // namespace ccm::server
