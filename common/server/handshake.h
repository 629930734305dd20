// The part of a TLS handshake that is the same in every web server: OpenSSL's callbacks that choose
// the newest published certificate and staple its OCSP response. Made while the configuration is
// read; its callbacks run in workers, in any thread.
#pragma once

#include <openssl/ssl.h>

#include <utility>
#include <vector>

#include "base/log.h"
#include "server/live_certificate.h"

namespace ccm::server {

// The certificates of one virtual host (several: different kinds of key).
class CertificateSet {
 public:
  // The certificates and the log must outlive the object.
  CertificateSet(std::vector<LiveCertificate*> certificates, Log& log)
      : certificates_(std::move(certificates)), log_(log) {}

  // Certificates are chosen and OCSP responses stapled by this set from now on, whatever was loaded
  // into the context before. It must outlive the context and its connections.
  void install(SSL_CTX* context);

  const std::vector<LiveCertificate*>& certificates() const noexcept { return certificates_; }

 private:
  void serve(SSL* ssl);
  int staple(SSL* ssl);

  static int on_certificate(SSL* ssl, void* self) noexcept;
  static int on_status(SSL* ssl, void* self) noexcept;

  std::vector<LiveCertificate*> certificates_;
  Log& log_;
};

}  // namespace ccm::server
