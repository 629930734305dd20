// SPDX-License-Identifier: Apache-2.0
#include "loopback_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

namespace ccm::test {
namespace {

sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

}  // namespace

std::optional<std::string> Connection::read_request() {
  std::size_t wanted = std::string::npos;
  while (buffer_.size() < wanted) {
    const auto end = buffer_.find("\r\n\r\n");
    if (end != std::string::npos && wanted == std::string::npos) {
      const auto length = buffer_.find("Content-Length: ");
      const bool has_body = length < end;
      wanted = end + 4;
      if (has_body) wanted += std::strtoul(buffer_.c_str() + length + 16, nullptr, 10);
      continue;
    }
    char block[4096];
    const ssize_t count = ::recv(fd_, block, sizeof block, 0);
    if (count <= 0) return std::nullopt;
    buffer_.append(block, static_cast<std::size_t>(count));
  }
  std::string request = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  return request;
}

void Connection::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Connection::answer(std::string_view status, std::string_view body, std::string_view headers) {
  write(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers,
                    body));
}

void Connection::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Connection::wait_for_end() {
  char block[4096];
  while (::recv(fd_, block, sizeof block, 0) > 0) continue;
}

LoopbackServer::LoopbackServer(Handler handler)
    : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), generic(address), size) != 0 || ::listen(listener_.get(), 32) != 0 ||
      ::getsockname(listener_.get(), generic(address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_connections(); });
}

LoopbackServer::~LoopbackServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

std::string LoopbackServer::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

int LoopbackServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void LoopbackServer::accept_connections() {
  for (;;) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      ::close(fd);
      return;
    }
    ++connections_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void LoopbackServer::serve(int fd) {
  Connection connection(fd);
  handler_(connection);
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

}  // namespace ccm::test
