#include "handshake.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

#include "boundary.h"
#include "crypto/openssl.h"

namespace ccm::nginx {
namespace {

// Certificates belong to no connection, so what is wrong with them is said in the server's own log.
void say(Severity severity, std::string_view line) noexcept {
  NginxLog(ngx_cycle->log).write(severity, line);
}

void say_escaped(const char* what) noexcept {
  say(Severity::crit, what);
}

}  // namespace

void LiveCertificate::attach(publication::Reader& reader) {
  if (const auto slot = reader.find(name_)) {
    slot_ = *slot;
    reader_ = &reader;
  }
}

const publication::Published* LiveCertificate::newest() {
  if (reader_ == nullptr) return nullptr;
  const std::uint64_t generation = reader_->generation(slot_);
  if (generation != generation_) load(generation);
  return held();
}

const publication::Published* LiveCertificate::held() const noexcept {
  return served_ ? &served_->published : nullptr;
}

void LiveCertificate::load(std::uint64_t generation) {
  auto served = reader_->get(slot_);
  if (auto error = reader_->take_error(slot_)) {
    NginxLog(ngx_cycle->log)
        .error("certificate \"{}\": the published value cannot be used: {}", name_,
               error->message());
  }
  generation_ = generation;
  if (!served || served == served_) return;
  Stack stack(sk_X509_new_null());
  if (!stack) throw std::bad_alloc();
  const auto& chain = served->published.bundle.chain();
  for (auto issuer = chain.begin() + 1; issuer != chain.end(); ++issuer) {
    if (sk_X509_push(stack.get(), issuer->native()) == 0) throw std::bad_alloc();
  }
  intermediates_ = std::move(stack);
  served_ = std::move(served);
  is_refused_ = false;
}

void LiveCertificate::hand_to(SSL* ssl) {
  const auto& bundle = served_->published.bundle;
  constexpr int kOverride = 1;
  if (SSL_use_cert_and_key(ssl, bundle.leaf().native(), bundle.key().native(), intermediates_.get(),
                           kOverride) == 1) {
    return;
  }
  const Error error = crypto::openssl_error(ErrorKind::rejected, "OpenSSL refuses it");
  if (!is_refused_) {
    NginxLog(ngx_cycle->log).error("certificate \"{}\": {}", name_, error.message());
  }
  is_refused_ = true;
}

bool LiveCertificate::is_leaf(const X509* leaf) const noexcept {
  return served_ && served_->published.bundle.leaf().native() == leaf;
}

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
  const auto& response = (*chosen)->held()->ocsp_response;
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
  return at_boundary(0, say_escaped, [=] {
    static_cast<CertificateSet*>(self)->serve(ssl);
    return 1;
  });
}

int CertificateSet::on_status(SSL* ssl, void* self) noexcept {
  return at_boundary(int{SSL_TLSEXT_ERR_NOACK}, say_escaped,
                     [=] { return static_cast<CertificateSet*>(self)->staple(ssl); });
}

}  // namespace ccm::nginx
