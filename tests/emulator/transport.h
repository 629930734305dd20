// The emulator's listener: HTTP/1.1 with keep-alive on one port, plain or TLS (told apart by the
// first byte), a thread for each connection. Threads are never joined: the process ends by _exit,
// because every state change is on disk before its answer leaves.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <string>

#include "message.h"

namespace emulator {

class Transport {
 public:
  using Handle = std::function<Reply(const Request&)>;
  // Before the first byte of an answer; status 0 when none will be sent.
  using Answering = std::function<void(const Reply&, int status)>;

  // `listen` is ADDRESS:PORT, port 0 takes a free one. Throws std::runtime_error with a sentence.
  explicit Transport(const std::string& listen);

  std::string authority() const;  // "127.0.0.1:port", for URLs
  // The certificate and key served to TLS clients, as PEM.
  void use_certificate(const std::string& certificate, const std::string& key);
  // Accepts connections until the process ends.
  [[noreturn]] void serve(const Handle& handle, const Answering& answering);

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ssl::context tls_;
};

}  // namespace emulator
