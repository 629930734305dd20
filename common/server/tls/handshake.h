// SPDX-License-Identifier: Apache-2.0
// The part of a TLS handshake that is the same in every web server: OpenSSL's callbacks that choose
// the newest published certificate and staple its OCSP response. Made while the configuration is
// read; its callbacks run in workers, in any thread.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "server/tls/live_catalogue.h"
#include "server/tls/live_certificate.h"

namespace ccm::server {

// The clients that a virtual host's protocol versions and cipher suites allow: which kinds of key
// clients of TLS 1.2 and older can use, and whether TLS 1.3 is on, which works with both.
struct Reach {
  bool older_rsa = true;
  bool older_ecdsa = true;
  bool tls13 = true;
};
// The reach of a complete context; every client when OpenSSL runs out of memory.
Reach reach_of(SSL_CTX* context);
// The reach of settings before there is a context. `ciphers`: in OpenSSL's notation; empty:
// OpenSSL's default.
Reach reach_of(const std::string& ciphers, bool has_older, bool has_tls13);

// Whether TLS 1.3 clients that accept compressed certificates get them (compression.h). A client
// that asks for an OCSP response gets an uncompressed certificate when there is a response, because
// OpenSSL cannot send both.
enum class Compression : bool { off, on };

// The certificates of one virtual host: several have different kinds of key; with none it refuses
// every handshake. It may search a catalogue first; then its certificates are for names that the
// catalogue lacks.
class CertificateSet {
 public:
  // What is shown to clients that ask for a name that the catalogue lacks: the certificates of this
  // set, or what the server itself has loaded from files.
  enum class Default : bool { certificates, files };

  // The certificates and the log must outlive the object.
  CertificateSet(std::vector<LiveCertificate*> certificates, Log& log)
      : certificates_(std::move(certificates)), log_(log) {}

  // From now on this set chooses the certificates and staples OCSP responses, whatever was loaded
  // into the context before. The set must outlive the context and its connections. When it is
  // installed in several contexts, the last call decides whether certificates are compressed.
  void install(SSL_CTX* context, Compression compression = Compression::off);
  // The contexts in which it is installed, in that order.
  const std::vector<SSL_CTX*>& contexts() const noexcept { return contexts_; }
  // The clients that the settings of the virtual host allow: as told, or else as its first context
  // says, or else everybody. Worked out at each call, because few ask.
  Reach reach() const;
  void set_reach(Reach reach) noexcept { reach_ = reach; }
  // The set that is installed in the context; nullptr: none is.
  static CertificateSet* of(SSL_CTX* context) noexcept;
  // Counts its handshakes in these rows, which must outlive the set. To be called before install().
  void count_in(WorkerRows& rows) noexcept { rows_ = &rows; }

  // The catalogue must outlive the object. To be called before install().
  void look_into(LiveCatalogue& catalogue, Default otherwise) noexcept {
    catalogue_ = &catalogue;
    default_ = otherwise;
  }
  const LiveCatalogue* catalogue() const noexcept { return catalogue_; }
  // Whether the server loads certificate files of its own for this virtual host.
  bool has_files() const noexcept { return default_ == Default::files; }

  const std::vector<LiveCertificate*>& certificates() const noexcept { return certificates_; }
  // The names of the certificates, in the order of the directives.
  std::vector<std::string> names() const;

 private:
  void serve(SSL* ssl);
  // What this connection is shown of the certificate. For some connections it is the version that
  // is tried out.
  LiveCertificate& chosen(SSL* ssl, LiveCertificate& certificate);
  void follow_canary(const SSL* ssl, int where, int value) noexcept;
  // False when the catalogue has nothing for the client's name.
  bool serve_from_catalogue(SSL* ssl);
  bool staples(SSL* ssl, std::span<const std::byte> response);
  int staple(SSL* ssl);

  static int on_certificate(SSL* ssl, void* self) noexcept;
  static int on_status(SSL* ssl, void* self) noexcept;
  static void on_event(const SSL* ssl, int where, int value) noexcept;

  void count(Count what) noexcept {
    if (rows_ != nullptr) rows_->count(what);
  }
  // Notes that there is no real certificate to show, only the placeholder or nothing.
  void note_lack();

  std::vector<LiveCertificate*> certificates_;
  std::vector<SSL_CTX*> contexts_;
  std::optional<Reach> reach_;
  Log& log_;
  Compression compression_ = Compression::off;
  WorkerRows* rows_ = nullptr;
  LiveCatalogue* catalogue_ = nullptr;
  Default default_ = Default::certificates;
  // The server's own callback, for certificates that it has loaded from files.
  using StatusCallback = int (*)(SSL*, void*);
  StatusCallback next_status_ = nullptr;
  void* next_status_argument_ = nullptr;
  // The server's own callback, which is still called.
  using EventCallback = void (*)(const SSL*, int, int);
  EventCallback next_ = nullptr;
};

}  // namespace ccm::server
