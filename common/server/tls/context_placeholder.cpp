// SPDX-License-Identifier: Apache-2.0
#include "server/tls/context_placeholder.h"

#include <openssl/err.h>

#include <utility>

#include "base/handle.h"
#include "crypto/certificate/placeholder.h"
#include "crypto/openssl.h"
#include "server/tls/compression.h"
#include "server/tls/live_certificate.h"

namespace ccm::server {
namespace {

constexpr std::string_view kActivity = "creating a placeholder certificate";
constexpr crypto::KeyType kKeyType{crypto::KeyAlgorithm::ecdsa, 256};

}  // namespace

ContextPlaceholder::ContextPlaceholder(crypto::Bundle bundle) : bundle_(std::move(bundle)) {
  index_ =
      CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, this, on_new_context, nullptr, nullptr);
}

// The code may be unloaded after the object, so OpenSSL must not call it any more.
ContextPlaceholder::~ContextPlaceholder() {
  if (index_ >= 0) CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL_CTX, index_);
}

// Its own issuer is in the chain: with SSLUseStapling mod_ssl complains about a certificate whose
// issuer it does not see, before it asks whether anybody else staples.
void ContextPlaceholder::give_to(SSL_CTX* context) const noexcept {
  X509* certificate = bundle_.leaf().native();
  const Handle<STACK_OF(X509), free_list> issuers(sk_X509_new_null());
  constexpr int kOverride = 1;
  if (issuers && sk_X509_push(issuers.get(), certificate) > 0) {
    SSL_CTX_use_cert_and_key(context, certificate, bundle_.key().native(), issuers.get(),
                             kOverride);
  }
  // Whoever makes the context finds out that it has no certificate.
  ERR_clear_error();
}

void ContextPlaceholder::on_new_context(void* context, void*, CRYPTO_EX_DATA*, int, long,
                                        void* self) noexcept {
  auto& placeholder = *static_cast<ContextPlaceholder*>(self);
  if (!placeholder.is_next_) return;
  placeholder.is_next_ = false;
  placeholder.give_to(static_cast<SSL_CTX*>(context));
}

Result<std::unique_ptr<ContextPlaceholder>> ContextPlaceholder::make(Time now) {
  auto key = crypto::KeyPair::generate(kKeyType);
  if (!key) return fail_with(std::move(key), kActivity);
  auto bundle = crypto::make_placeholder(*key, {}, now);
  if (!bundle) return fail_with(std::move(bundle), kActivity);
  std::unique_ptr<ContextPlaceholder> placeholder(new ContextPlaceholder(*std::move(bundle)));
  placeholder->give_to_next();
  const ContextHandle trial(SSL_CTX_new(TLS_server_method()));
  if (!trial || SSL_CTX_check_private_key(trial.get()) != 1) {
    return fail(crypto::openssl_error(ErrorKind::internal,
                                      "giving a placeholder certificate to a context"));
  }
  return placeholder;
}

}  // namespace ccm::server
