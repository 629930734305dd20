// SPDX-License-Identifier: Apache-2.0
// A server on a free loopback port that does to each connection whatever the test says: answer,
// stop half-way, reset, hang. One thread per connection; all end with the object.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/handle.h"

namespace ccm::test {

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  // The next request with its body (by Content-Length); nullopt when the peer has closed.
  std::optional<std::string> read_request();
  void write(std::string_view text);
  // A complete answer that leaves the connection open.
  void answer(std::string_view status, std::string_view body, std::string_view headers = "");
  // Closes with a reset instead of an orderly end.
  void reset();
  // Until the peer closes or the server ends.
  void wait_for_end();

 private:
  int fd_;
  std::string buffer_;
};

class LoopbackServer {
 public:
  using Handler = std::function<void(Connection&)>;

  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string url(std::string_view path = "/") const;
  int port() const { return port_; }
  int connections() const;

 private:
  void accept_connections();
  void serve(int fd);

  Handler handler_;
  FileDescriptor listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  bool ending_ = false;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  int connections_ = 0;
  std::thread acceptor_;
};

}  // namespace ccm::test
