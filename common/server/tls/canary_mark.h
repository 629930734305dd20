// SPDX-License-Identifier: Apache-2.0
// What a connection remembers while a new version of its certificate is tried out: the number that
// it has drawn, then where the result of its handshake is counted. OpenSSL keeps it for us
// (SSL_set_ex_data), and it needs no freeing. Any thread that handles the connection.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>

#include "publication/canary_board.h"
#include "server/watch/worker_rows.h"

namespace ccm::server {

class CanaryMark {
 public:
  using Lane = publication::CanaryBoard::Lane;

  // To be called before there are threads, if any certificate has a canary. Otherwise no connection
  // has a mark, and asking for one costs a comparison.
  static void prepare() noexcept;
  static CanaryMark of(const SSL* ssl) noexcept;

  // A random number from 0 to 99, always the same for one connection. So a client that has to retry
  // its hello, and a host with several certificates, are shown one side. What clients send has no
  // influence.
  unsigned draw() const noexcept;
  // Whether it has drawn a number and nothing says yet what it was shown.
  bool is_drawn() const noexcept;
  // Says where the connection's result is counted; nullptr: nowhere.
  void follow(Lane* lane, bool is_candidate) const noexcept;
  // The handshake has succeeded.
  void has_completed() const noexcept;
  // To be called for an alert, during the handshake or after it. After the handshake only a
  // client's alert about the certificate counts.
  void has_failed(Count failure) const noexcept;

 private:
  explicit CanaryMark(const SSL* ssl) noexcept : ssl_(ssl) {}
  std::uintptr_t read() const noexcept;
  void write(std::uintptr_t value) const noexcept;

  const SSL* ssl_;
};

}  // namespace ccm::server
