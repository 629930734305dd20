// SPDX-License-Identifier: Apache-2.0
// A self-signed certificate with its key for TLS contexts of a server that refuses a context
// without one (httpd's mod_ssl). No client ever sees it: the callbacks of a CertificateSet replace
// it. Nothing is read from a file, and all contexts share one certificate and one key, which makes
// a context eight times as fast as with a certificate file of its own.
//
// OpenSSL calls back for each new context of the process: SSL_CTX_new() makes the application data
// of each registered index (CRYPTO_get_ex_new_index(3)). The manual does not promise that the
// context is complete by then, so make() tries it. In OpenSSL 3.0 and 3.5 everything that a
// certificate needs is there.
//
// Owned by one configuration; used in the parent, in one thread. OpenSSL takes no index back: each
// object costs the process some bytes and some nanoseconds for each context, as mod_ssl's own
// indexes do.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate/bundle.h"

namespace ccm::server {

class ContextPlaceholder {
 public:
  // A placeholder with a new P-256 key. `internal` when OpenSSL makes none, or when a context that
  // was made for a trial did not get it.
  static Result<std::unique_ptr<ContextPlaceholder>> make(Time now);
  ContextPlaceholder(const ContextPlaceholder&) = delete;
  ContextPlaceholder& operator=(const ContextPlaceholder&) = delete;
  // Contexts that have the placeholder keep it.
  ~ContextPlaceholder();

  // The next context that this process makes gets the placeholder; no other does.
  void give_to_next() noexcept { is_next_ = true; }

 private:
  explicit ContextPlaceholder(crypto::Bundle bundle);

  void give_to(SSL_CTX* context) const noexcept;
  static void on_new_context(void* context, void* data, CRYPTO_EX_DATA* all, int index, long number,
                             void* self) noexcept;

  crypto::Bundle bundle_;
  int index_ = -1;  // OpenSSL's; -1: there is none
  bool is_next_ = false;
};

}  // namespace ccm::server
