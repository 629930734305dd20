// SPDX-License-Identifier: Apache-2.0
// What a connection remembers while a new version of its certificate is tried out: the number that
// it has drawn, then where its end is counted. It lies in OpenSSL's place for such things
// (SSL_set_ex_data) and needs no freeing. Any thread that handles the connection.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>

#include "publication/canary_board.h"
#include "server/watch/worker_rows.h"

namespace ccm::server {

class CanaryMark {
 public:
  using Lane = publication::CanaryBoard::Lane;

  // Before there are threads, where any certificate has a canary. Without it no connection has a
  // mark, and asking costs a comparison.
  static void prepare() noexcept;
  static CanaryMark of(const SSL* ssl) noexcept;

  // 0 to 99, by chance, and to the same end again for the same connection: a client that is asked
  // to retry its hello, and a host with several certificates, are shown one side. What clients send
  // has no influence.
  unsigned draw() const noexcept;
  // It has drawn, and nobody has said what it was shown.
  bool is_drawn() const noexcept;
  // nullptr: its end does not count.
  void follow(Lane* lane, bool is_candidate) const noexcept;
  // The handshake has succeeded.
  void has_completed() const noexcept;
  // An alert, during the handshake or after it. Then only a client's about the certificate counts.
  void has_failed(Count failure) const noexcept;

 private:
  explicit CanaryMark(const SSL* ssl) noexcept : ssl_(ssl) {}
  std::uintptr_t read() const noexcept;
  void write(std::uintptr_t value) const noexcept;

  const SSL* ssl_;
};

}  // namespace ccm::server
