// SPDX-License-Identifier: Apache-2.0
#include "server/tls/compression.h"

#include <openssl/err.h>

#include <array>

#include "base/handle.h"

namespace ccm::server {

// OpenSSL 3.2 and later define it.
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION

namespace {

void free_bytes(unsigned char* bytes) noexcept {
  OPENSSL_free(bytes);
}
using Bytes = Handle<unsigned char, free_bytes>;

constexpr std::array<int, 3> kAlgorithms{TLSEXT_comp_cert_brotli, TLSEXT_comp_cert_zlib,
                                         TLSEXT_comp_cert_zstd};

}  // namespace

bool can_compress_certificates() {
  const ContextHandle context(SSL_CTX_new(TLS_server_method()));
  std::array<int, kAlgorithms.size()> algorithms = kAlgorithms;
  const bool can = context && SSL_CTX_set1_cert_comp_preference(context.get(), algorithms.data(),
                                                                algorithms.size()) == 1;
  ERR_clear_error();
  return can;
}

CompressedCertificate CompressedCertificate::make(SSL_CTX* context, const crypto::Bundle& bundle,
                                                  STACK_OF(X509) * intermediates) {
  CompressedCertificate made;
  // OpenSSL compresses only for a connection that has not begun, so the present one cannot be used.
  const SslHandle connection(SSL_new(context));
  constexpr int kOverride = 1;
  if (connection) SSL_set_accept_state(connection.get());
  if (connection && SSL_use_cert_and_key(connection.get(), bundle.leaf().native(),
                                         bundle.key().native(), intermediates, kOverride) == 1) {
    for (const int algorithm : kAlgorithms) {
      unsigned char* data = nullptr;
      std::size_t length = 0;
      const std::size_t size =
          SSL_get1_compressed_cert(connection.get(), algorithm, &data, &length);
      const Bytes owned(data);
      if (size == 0 || size >= length) continue;
      made.forms_.push_back({algorithm, {data, data + size}, length});
    }
  }
  ERR_clear_error();
  return made;
}

void CompressedCertificate::hand_to(SSL* ssl) const {
  for (const Form& form : forms_) {
    // OpenSSL copies it, although it does not say const. Without it the certificate is sent as it
    // is.
    SSL_set1_compressed_cert(ssl, form.algorithm, const_cast<unsigned char*>(form.bytes.data()),
                             form.bytes.size(), form.length);
  }
  ERR_clear_error();
}

#else

bool can_compress_certificates() {
  return false;
}

CompressedCertificate CompressedCertificate::make(SSL_CTX*, const crypto::Bundle&,
                                                  STACK_OF(X509) *) {
  return {};
}

void CompressedCertificate::hand_to(SSL*) const {}

#endif

}  // namespace ccm::server
