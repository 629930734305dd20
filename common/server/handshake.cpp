#include "server/handshake.h"

#include <algorithm>

#include "base/boundary.h"
#include "base/clock.h"

namespace ccm::server {
namespace {

auto saying_to(Log& log) noexcept {
  return [&log](const char* what) { log.write(Severity::crit, what); };
}

}  // namespace

void CertificateSet::install(SSL_CTX* context) {
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
  for (LiveCertificate* certificate : certificates_) {
    const publication::Published* published = certificate->newest();
    if (published == nullptr || (has_real && published->is_placeholder)) continue;
    certificate->hand_to(ssl);
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
  return at_boundary(0, saying_to(set.log_), [&] {
    set.serve(ssl);
    return 1;
  });
}

int CertificateSet::on_status(SSL* ssl, void* self) noexcept {
  auto& set = *static_cast<CertificateSet*>(self);
  return at_boundary(int{SSL_TLSEXT_ERR_NOACK}, saying_to(set.log_),
                     [&] { return set.staple(ssl); });
}

}  // namespace ccm::server
