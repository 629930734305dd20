// SPDX-License-Identifier: Apache-2.0
// What our session tickets carry beside the session, and how OpenSSL gets the key for one. Free
// functions, called from inside OpenSSL's callbacks.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "policy/ticket_keys.h"

namespace ccm::server {

// What a ticket belongs to. It is sealed in the ticket, so that no client can read or change it.
struct TicketBinding {
  // When the full handshake was made.
  Time begun{};
  // What the default server of the address shows (SHA-256).
  std::string place = {};
  // The certificate that was shown, by its name; empty: one of a catalogue.
  std::string certificate = {};
  // For a catalogue: the name that the client asked for.
  std::string server_name = {};
  // Of the leaf; empty: not known, and the ticket is never accepted.
  std::string fingerprint = {};
};

// False when OpenSSL has no memory.
bool bind_session(SSL_SESSION* session, const TicketBinding& binding);
// nullopt: the session carries no binding of ours.
std::optional<TicketBinding> binding_of(SSL_SESSION* session);
bool is_bound(SSL_SESSION* session) noexcept;

// What a callback of SSL_CTX_set_tlsext_ticket_key_evp_cb does. `iv` has 16 bytes. False when
// OpenSSL refuses.
bool prepare_to_seal(const policy::TicketKey& key, unsigned char* name, unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
bool prepare_to_open(const policy::TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac);

// SHA-256 of the leaf in lower-case hexadecimal, as crypto::Certificate::fingerprint(); empty when
// there is none.
std::string fingerprint_of(const X509* leaf);

}  // namespace ccm::server
