// SPDX-License-Identifier: Apache-2.0
// A TLS client that looks at what a server shows. It accepts every certificate, so that the
// handshake does not fail because of it; the caller judges it. It keeps no session, so every look
// is a full handshake.
//
// Made once, used by any number of threads at a time.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "crypto/certificate/certificate.h"
#include "crypto/key/key_type.h"

namespace ccm::crypto {

// A TCP address: a numeric one ("127.0.0.1", "::1") and a port.
struct NetworkAddress {
  std::string host;
  std::uint16_t port = 0;

  friend auto operator<=>(const NetworkAddress&, const NetworkAddress&) = default;
};
// "127.0.0.1:443", "[::1]:443".
std::string to_string(const NetworkAddress& address);

enum class ProbeOutcome : std::uint8_t {
  shown,        // the handshake was finished
  unreachable,  // there is no connection
  silent,       // the time limit was reached
  no_tls,       // the other side does not speak TLS
  refused,      // the server ended the handshake with an alert
};

struct Probe {
  ProbeOutcome outcome = ProbeOutcome::unreachable;
  std::string problem = {};                // of every outcome but `shown`: "connection refused"
  std::vector<Certificate> chain = {};     // as sent, leaf first
  std::vector<std::byte> ocsp_response{};  // as stapled; empty: none
  std::string protocol = {};               // "TLSv1.3"
};

class HandshakeProbe {
 public:
  // `clock` must outlive the object. `timeout` is for one look, connecting included.
  static Result<HandshakeProbe> make(const Clock& clock, Seconds timeout);

  // One handshake. `server_name` is sent as SNI unless it is empty or an IP address. The client
  // offers signature algorithms of that kind of key only; nullopt or `other`: all.
  Probe look(const NetworkAddress& address, const std::string& server_name,
             std::optional<KeyAlgorithm> key) const;

 private:
  using Context = Handle<SSL_CTX, SSL_CTX_free>;
  HandshakeProbe(const Clock& clock, Seconds timeout) : clock_(&clock), timeout_(timeout) {}
  SSL_CTX* context_for(std::optional<KeyAlgorithm> key) const noexcept;

  const Clock* clock_;
  Seconds timeout_;
  Context any_;
  Context rsa_;
  Context ecdsa_;
};

}  // namespace ccm::crypto
