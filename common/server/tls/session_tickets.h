// SPDX-License-Identifier: Apache-2.0
// Session tickets with keys that all servers of a store share (`ticket_keys fleet`): a client that
// moves from one host to another, or from nginx to httpd, resumes its session. OpenSSL's callbacks
// that seal and open tickets. Made while the configuration is read, installed when it comes to
// life; its callbacks run in workers, in any thread.
//
// Until keys are published, and when they have ended, tickets are sealed with a key of this server
// alone, which is made here and lives as long as the configuration.
//
// A ticket is taken only
//   * within policy::kTicketLife of the full handshake that it goes back to,
//   * where the default server of the address shows the same certificates as where it was given
//     (OpenSSL asks for tickets before it knows the client's name, and no one else's site is to be
//     resumed by sending a client to another address), and
//   * while the certificate that was shown then is the newest one of its name: one that was
//     replaced, after a revocation say, is not lived on.
// Otherwise the client makes a full handshake. Where client certificates count, the server's own
// session context must be the same, too, as without shared keys.
//
// A virtual host behind the same address that shows certificates of its own files gets tickets of
// this server alone, as it would without us.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "policy/ticket_keys.h"
#include "publication/reader.h"
#include "server/tls/handshake.h"
#include "server/tls/live_catalogue.h"
#include "server/tls/live_certificate.h"
#include "server/tls/live_ticket_keys.h"
#include "server/tls/ticket_sealing.h"

namespace ccm::server {

class SessionTickets {
 public:
  // What this server shows, by name.
  struct Shown {
    std::map<std::string, LiveCertificate, std::less<>>& certificates;
    std::map<std::string, LiveCatalogue, std::less<>>& catalogues;
  };

  // Borrows everything, also what the maps point to.
  SessionTickets(Shown shown, const Clock& clock, Log& log);
  SessionTickets(const SessionTickets&) = delete;
  SessionTickets& operator=(const SessionTickets&) = delete;
  ~SessionTickets();

  // `internal` when there are too many of these objects in this process, or no random bytes.
  Result<void> start(const publication::Reader& reader);
  // To be called after start(). The object and the set must outlive the context and its
  // connections.
  void install(SSL_CTX* context, CertificateSet& site);

 private:
  // OpenSSL passes no argument to the callback that it asks for a key, so each of these objects has
  // a function of its own.
  static constexpr std::size_t kPlaces = 16;
  using KeyCallback = int (*)(SSL*, unsigned char*, unsigned char*, EVP_CIPHER_CTX*, EVP_MAC_CTX*,
                              int);
  struct Site {
    SessionTickets* owner;
    CertificateSet* set;
    std::string place;  // TicketBinding
  };
  struct Places;

  template <std::size_t Place>
  static int on_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, int is_sealing) noexcept;
  static int on_ticket(SSL* ssl, void* site) noexcept;
  static SSL_TICKET_RETURN on_opened(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                     std::size_t size, SSL_TICKET_STATUS status,
                                     void* site) noexcept;

  int seal(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac);
  bool bind(SSL* ssl, const Site& site);
  bool may_resume(SSL* ssl, SSL_SESSION* session, const Site& site);
  bool is_shown(const TicketBinding& binding);

  Shown shown_;
  const Clock& clock_;
  Log& log_;
  LiveTicketKeys keys_;
  policy::TicketKey own_;
  std::optional<std::size_t> place_;
  std::map<SSL_CTX*, std::unique_ptr<Site>> sites_;
};

}  // namespace ccm::server
