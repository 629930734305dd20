// SPDX-License-Identifier: Apache-2.0
// The emulator's listener: HTTP/1.1 with keep-alive, plain or TLS on the same port (told apart by
// the first byte), on one address or several, a thread for each connection. Threads are never
// joined: the process ends by _exit, because every state change is on disk before its answer
// leaves.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "service/message.h"

namespace emulator {

class Transport {
 public:
  using Handle = std::function<Reply(const Request&)>;
  // Before the first byte of an answer; status 0 when none will be sent.
  using Answering = std::function<void(const Reply&, int status)>;

  // Each is ADDRESS:PORT, port 0 takes a free one. Throws std::runtime_error with a sentence.
  explicit Transport(const std::vector<std::string>& listen);

  std::string authority() const;  // "127.0.0.1:port" of the first, for URLs
  // The certificate and key served to TLS clients, as PEM.
  void use_certificate(const std::string& certificate, const std::string& key);
  // Accepts connections until the process ends.
  [[noreturn]] void serve(const Handle& handle, const Answering& answering);

 private:
  using Acceptor = boost::asio::ip::tcp::acceptor;
  void open(const std::string& listen);
  [[noreturn]] void accept(Acceptor& acceptor, const Handle& handle, const Answering& answering);

  boost::asio::io_context context_;
  std::vector<Acceptor> acceptors_;
  boost::asio::ssl::context tls_;
};

}  // namespace emulator
