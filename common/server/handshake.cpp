// SPDX-License-Identifier: Apache-2.0
#include "server/handshake.h"

#include <openssl/err.h>

#include <algorithm>

#include "base/boundary.h"
#include "base/clock.h"
#include "base/handle.h"

namespace ccm::server {
namespace {

void free_suites(STACK_OF(SSL_CIPHER) * suites) noexcept {
  sk_SSL_CIPHER_free(suites);
}
using Suites = Handle<STACK_OF(SSL_CIPHER), free_suites>;

auto write_to(Log& log) noexcept {
  return [&log](const char* what) { log.write(Severity::crit, what); };
}

}  // namespace

// Asked of a connection, because only that minds everything: versions switched off by whatever
// means, the security level, the signature algorithms.
Reach reach_of(SSL_CTX* context) {
  const SslHandle connection(SSL_new(context));
  const Suites suites(connection ? SSL_get1_supported_ciphers(connection.get()) : nullptr);
  ERR_clear_error();
  if (!connection) return {};
  Reach reach{.older_rsa = false, .older_ecdsa = false, .tls13 = false};
  for (int i = 0; suites && i < sk_SSL_CIPHER_num(suites.get()); ++i) {
    switch (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(suites.get(), i))) {
      case NID_auth_rsa:
        reach.older_rsa = true;
        break;
      case NID_auth_ecdsa:
        reach.older_ecdsa = true;
        break;
      case NID_auth_any:
        reach.tls13 = true;
        break;
      default:
        break;
    }
  }
  return reach;
}

Reach reach_of(const std::string& ciphers, bool has_older, bool has_tls13) {
  const ContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (!context) return {};
  // What OpenSSL refuses here the server itself is going to refuse, in its own words.
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(context.get(), ciphers.c_str()) != 1) {
    ERR_clear_error();
    return {};
  }
  SSL_CTX_set_max_proto_version(context.get(), has_tls13 ? 0 : TLS1_2_VERSION);
  if (!has_older) SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  return reach_of(context.get());
}

std::vector<std::string> CertificateSet::names() const {
  std::vector<std::string> names;
  for (const LiveCertificate* each : certificates_) names.push_back(each->name());
  return names;
}

void CertificateSet::install(SSL_CTX* context, Compression compression) {
  compression_ = compression;
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
  // nginx forbids it in every context, and allows it again where it has compressed something.
  if (compression_ == Compression::on) {
    SSL_CTX_clear_options(context, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION);
  }
#endif
  SSL_CTX_set_cert_cb(context, on_certificate, this);
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, this);
}

// Certificates and placeholders do not mix: a client that likes the placeholder's kind of key
// better would get it although there is a real certificate.
void CertificateSet::serve(SSL* ssl) {
  const bool has_real =
      std::any_of(certificates_.begin(), certificates_.end(), [](LiveCertificate* certificate) {
        const publication::Published* published = certificate->newest();
        return published != nullptr && !published->is_placeholder;
      });
  // A hello that follows a retry request comes here a second time.
  SSL_certs_clear(ssl);
  const bool wants_staple = SSL_get_tlsext_status_type(ssl) == TLSEXT_STATUSTYPE_ocsp;
  for (LiveCertificate* certificate : certificates_) {
    const publication::Published* published = certificate->newest();
    if (published == nullptr || (has_real && published->is_placeholder)) continue;
    if (!certificate->hand_to(ssl) || compression_ == Compression::off) continue;
    if (wants_staple && !certificate->staple(SystemClock().now()).empty()) continue;
    certificate->hand_compressed_to(ssl);
  }
}

int CertificateSet::staple(SSL* ssl) {
  // Chosen by OpenSSL earlier in this very call, so every certificate still holds what it handed
  // over.
  const X509* leaf = SSL_get_certificate(ssl);
  const auto chosen =
      std::find_if(certificates_.begin(), certificates_.end(),
                   [leaf](const LiveCertificate* each) { return each->is_leaf(leaf); });
  if (chosen == certificates_.end()) return SSL_TLSEXT_ERR_NOACK;
  const std::span<const std::byte> response = (*chosen)->staple(SystemClock().now());
  if (response.empty()) return SSL_TLSEXT_ERR_NOACK;
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  // OpenSSL frees the copy with the connection.
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
  return SSL_TLSEXT_ERR_OK;
}

// Returns 1 even when there is nothing to serve: the client then sees handshake_failure (40), as
// from any server without a fitting certificate, and not internal_error (80).
int CertificateSet::on_certificate(SSL* ssl, void* self) noexcept {
  auto& set = *static_cast<CertificateSet*>(self);
  return at_boundary(0, write_to(set.log_), [&] {
    set.serve(ssl);
    return 1;
  });
}

int CertificateSet::on_status(SSL* ssl, void* self) noexcept {
  auto& set = *static_cast<CertificateSet*>(self);
  return at_boundary(int{SSL_TLSEXT_ERR_NOACK}, write_to(set.log_),
                     [&] { return set.staple(ssl); });
}

}  // namespace ccm::server
