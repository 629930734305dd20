// SPDX-License-Identifier: Apache-2.0
#include "server/tls/handshake.h"

#include <openssl/err.h>

#include <algorithm>
#include <optional>

#include "base/boundary.h"
#include "base/clock.h"
#include "base/handle.h"
#include "server/tls/canary_mark.h"

namespace ccm::server {
namespace {

void free_suites(STACK_OF(SSL_CIPHER) * suites) noexcept {
  sk_SSL_CIPHER_free(suites);
}
using Suites = Handle<STACK_OF(SSL_CIPHER), free_suites>;

// Only a fatal alert ends a handshake.
std::optional<Count> failure_of(int where, int value) noexcept {
  constexpr int kFatal = 2;
  if (value >> 8 != kFatal) return std::nullopt;
  const int description = value & 0xff;
  if ((where & SSL_CB_READ) == 0) {
    if (description == SSL_AD_HANDSHAKE_FAILURE) return Count::sent_handshake_failure;
    if (description == SSL_AD_PROTOCOL_VERSION) return Count::sent_protocol_version;
    return Count::sent_other;
  }
  switch (description) {
    case SSL_AD_BAD_CERTIFICATE:
      return Count::got_bad_certificate;
    case SSL_AD_CERTIFICATE_EXPIRED:
      return Count::got_certificate_expired;
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return Count::got_certificate_unknown;
    case SSL_AD_UNKNOWN_CA:
      return Count::got_unknown_ca;
    default:
      return Count::got_other;
  }
}

auto write_to(Log& log) noexcept {
  return [&log](const char* what) { log.write(Severity::crit, what); };
}

}  // namespace

// Uses a connection, because only a connection takes everything into account: disabled versions,
// the security level, the signature algorithms.
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
  // If OpenSSL refuses the list here, the server itself will refuse it with its own message.
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
  if (catalogue_ != nullptr) names.push_back("catalogue=" + catalogue_->name());
  for (const LiveCertificate* each : certificates_) names.push_back(each->name());
  return names;
}

Reach CertificateSet::reach() const {
  if (reach_) return *reach_;
  return contexts_.empty() ? Reach() : reach_of(contexts_.front());
}

void CertificateSet::install(SSL_CTX* context, Compression compression) {
  compression_ = compression;
  contexts_.push_back(context);
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
  // nginx forbids it in every context, and allows it again where it has compressed something.
  if (compression_ == Compression::on) {
    SSL_CTX_clear_options(context, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION);
  }
#endif
  SSL_CTX_set_cert_cb(context, on_certificate, this);
  // OpenSSL would add these to a certificate without intermediates.
  if (!has_files()) SSL_CTX_clear_extra_chain_certs(context);
  if (has_files() && of(context) == nullptr) {
    SSL_CTX_get_tlsext_status_cb(context, &next_status_);
    SSL_CTX_get_tlsext_status_arg(context, &next_status_argument_);
  }
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, this);
  if (rows_ == nullptr) return;
  const EventCallback before = SSL_CTX_get_info_callback(context);
  if (before != on_event) next_ = before;
  SSL_CTX_set_info_callback(context, on_event);
}

namespace {

// What this thread handed over last. OpenSSL asks for the OCSP response in the same call.
LiveCatalogue::Choice& handed() {
  thread_local LiveCatalogue::Choice choice;
  return choice;
}

}  // namespace

bool CertificateSet::serve_from_catalogue(SSL* ssl) {
  LiveCatalogue::Choice& choice = handed();
  choice = {};
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) choice = catalogue_->find(name);
  bool is_served = false;
  const bool wants_staple = SSL_get_tlsext_status_type(ssl) == TLSEXT_STATUSTYPE_ocsp;
  for (const auto& certificate : choice) {
    if (certificate == nullptr) continue;
    if (!is_served) SSL_certs_clear(ssl);
    is_served = true;
    if (!certificate->hand_to(ssl)) {
      catalogue_->refused(*certificate);
      continue;
    }
    if (compression_ == Compression::off) continue;
    if (wants_staple && !certificate->staple(SystemClock().now()).empty()) continue;
    certificate->hand_compressed_to(ssl);
  }
  if (!is_served) count(name == nullptr ? Count::no_server_name : Count::unknown_server_name);
  return is_served;
}

LiveCertificate& CertificateSet::chosen(SSL* ssl, LiveCertificate& certificate) {
  LiveCertificate* candidate = certificate.candidate();
  const bool is_tried =
      candidate != nullptr && certificate.is_for_candidate(CanaryMark::of(ssl).draw());
  return is_tried ? *candidate : certificate;
}

// The first event after the choice tells which of several certificates OpenSSL has taken. It comes
// in the same call, so this thread still has the values that it handed over.
void CertificateSet::follow_canary(const SSL* ssl, int where, int value) noexcept {
  const CanaryMark mark = CanaryMark::of(ssl);
  if (mark.is_drawn()) {
    LiveCertificate::Counted counted;
    const X509* leaf = SSL_get_certificate(ssl);
    for (const LiveCertificate* each : certificates_) {
      if (counted.lane == nullptr) counted = each->counted(leaf);
    }
    mark.follow(counted.lane, counted.is_candidate);
  }
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) mark.has_completed();
  if ((where & SSL_CB_ALERT) == 0) return;
  if (const auto failure = failure_of(where, value)) mark.has_failed(*failure);
}

// A placeholder never joins real certificates, because a client that prefers the placeholder's kind
// of key would get it.
void CertificateSet::serve(SSL* ssl) {
  if (catalogue_ != nullptr && (serve_from_catalogue(ssl) || has_files())) return;
  const bool has_real =
      std::any_of(certificates_.begin(), certificates_.end(), [](LiveCertificate* certificate) {
        const publication::Published* published = certificate->newest();
        return published != nullptr && !published->is_placeholder;
      });
  // OpenSSL calls this a second time for a hello that follows a retry request.
  SSL_certs_clear(ssl);
  if (!has_real) note_lack();
  const bool wants_staple = SSL_get_tlsext_status_type(ssl) == TLSEXT_STATUSTYPE_ocsp;
  for (LiveCertificate* certificate : certificates_) {
    const publication::Published* published = certificate->newest();
    if (published == nullptr || (has_real && published->is_placeholder)) continue;
    LiveCertificate& shown = chosen(ssl, *certificate);
    if (!shown.hand_to(ssl) || compression_ == Compression::off) continue;
    if (wants_staple && !shown.staple(SystemClock().now()).empty()) continue;
    shown.hand_compressed_to(ssl);
  }
}

void CertificateSet::note_lack() {
  const auto shown = std::find_if(
      certificates_.begin(), certificates_.end(),
      [](const LiveCertificate* certificate) { return certificate->held() != nullptr; });
  count(shown == certificates_.end() ? Count::no_certificate : Count::placeholder);
  if (shown == certificates_.end() || rows_ == nullptr) return;
  if (!rows_->may_say_again(SystemClock().steady_now())) return;
  log_.warn(
      "certificate \"{}\": a client was shown the placeholder, because there is no certificate "
      "yet; {} were so far (this is said once a minute at most)",
      (*shown)->name(), rows_->sums()[static_cast<std::size_t>(Count::placeholder)]);
}

bool CertificateSet::staples(SSL* ssl, std::span<const std::byte> response) {
  if (response.empty()) return false;
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
  if (copy == nullptr) return false;
  // OpenSSL frees the copy with the connection.
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
  count(Count::stapled);
  return true;
}

int CertificateSet::staple(SSL* ssl) {
  // OpenSSL has chosen the leaf earlier in the same call, so every certificate still has the value
  // that it handed over.
  const X509* leaf = SSL_get_certificate(ssl);
  if (catalogue_ != nullptr) {
    for (const auto& certificate : handed()) {
      if (certificate == nullptr || !certificate->is_leaf(leaf)) continue;
      const bool is_stapled = staples(ssl, certificate->staple(SystemClock().now()));
      return is_stapled ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    }
    if (next_status_ != nullptr) return next_status_(ssl, next_status_argument_);
  }
  for (const LiveCertificate* each : certificates_) {
    const LiveCertificate* shown = each->with_leaf(leaf);
    if (shown == nullptr) continue;
    const bool is_stapled = staples(ssl, shown->staple(SystemClock().now()));
    return is_stapled ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// The set whose callbacks the context has.
CertificateSet* CertificateSet::of(SSL_CTX* context) noexcept {
  int (*callback)(SSL*, void*) = nullptr;
  void* argument = nullptr;
  SSL_CTX_get_tlsext_status_cb(context, &callback);
  SSL_CTX_get_tlsext_status_arg(context, &argument);
  return callback == on_status ? static_cast<CertificateSet*>(argument) : nullptr;
}

// OpenSSL calls this for every step of every handshake, so it returns quickly for most steps. The
// context is that of the host that the client has named, which may show no certificate of ours.
void CertificateSet::on_event(const SSL* ssl, int where, int value) noexcept {
  SSL_CTX* context = SSL_get_SSL_CTX(ssl);
  CertificateSet* set = of(context);
  if (set == nullptr) {
    const EventCallback its_own = SSL_CTX_get_info_callback(context);
    if (its_own != nullptr && its_own != on_event) its_own(ssl, where, value);
    return;
  }
  if ((where & SSL_CB_HANDSHAKE_START) != 0) set->count(Count::started);
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
    set->count(SSL_session_reused(ssl) == 1 ? Count::resumed : Count::full);
  }
  if ((where & SSL_CB_ALERT) != 0 && SSL_is_init_finished(ssl) == 0) {
    if (const auto failure = failure_of(where, value)) set->count(*failure);
  }
  set->follow_canary(ssl, where, value);
  if (set->next_ != nullptr) set->next_(ssl, where, value);
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
