// The module's part of a TLS handshake: hands OpenSSL the newest published certificate. Runs in
// workers, one thread per process, inside OpenSSL's callbacks.
//
//   LiveCertificate   one certificate of the publication as this process sees it; parsed once per
//                     generation, so that a handshake costs one atomic load and a comparison
//   CertificateSet    the certificates of one server (several: different kinds of key)
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/handle.h"
#include "publication/reader.h"

namespace ccm::nginx {

// Frees the list, not the certificates in it.
inline void free_list(STACK_OF(X509) * list) noexcept {
  sk_X509_free(list);
}

class LiveCertificate {
 public:
  explicit LiveCertificate(std::string name) : name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }
  // Finds the certificate's slot; `reader` must live as long as this object is asked for anything.
  void attach(publication::Reader& reader);

  // The newest good value, or nullptr when nothing was published yet.
  const publication::Published* newest();
  // What `newest` returned last; the two below are about it.
  const publication::Published* held() const noexcept;
  bool is_leaf(const X509* leaf) const noexcept;
  void hand_to(SSL* ssl);

 private:
  using Stack = Handle<STACK_OF(X509), free_list>;

  void load(std::uint64_t generation);

  std::string name_;
  publication::Reader* reader_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint64_t generation_ = 0;  // the one last looked at, whether it was good or not
  std::shared_ptr<const publication::Served> served_;
  Stack intermediates_;      // borrowed from `served_`
  bool is_refused_ = false;  // OpenSSL's security level forbids it; said once
};

class CertificateSet {
 public:
  explicit CertificateSet(std::vector<LiveCertificate*> certificates)
      : certificates_(std::move(certificates)) {}

  // Certificates are chosen and OCSP responses stapled by this set from now on. It must outlive the
  // context and its connections.
  void install(SSL_CTX* context);

  const std::vector<LiveCertificate*>& certificates() const noexcept { return certificates_; }

 private:
  void serve(SSL* ssl);
  int staple(SSL* ssl);

  static int on_certificate(SSL* ssl, void* self) noexcept;
  static int on_status(SSL* ssl, void* self) noexcept;

  std::vector<LiveCertificate*> certificates_;
};

}  // namespace ccm::nginx
