// SPDX-License-Identifier: Apache-2.0
// A relay in front of a member of etcd that loses answers: etcd does what it was asked for, and
// whoever has asked does not hear of it. Ends with the object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "../cloud/loopback_server.h"
#include "base/handle.h"

namespace ccm::test {

class LosingRelay {
 public:
  explicit LosingRelay(int port) : port_(port) {}
  ~LosingRelay() { is_ending_ = true; }
  LosingRelay(const LosingRelay&) = delete;
  LosingRelay& operator=(const LosingRelay&) = delete;

  std::string url() const { return server_.url(""); }
  // The answers to the next requests that contain this text.
  void lose(std::string text, int answers) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
    answers_ = answers;
  }
  // Calls this before it passes on the next request that contains this text.
  void before(std::string text, std::function<void()> act) {
    const std::lock_guard lock(mutex_);
    act_text_ = std::move(text);
    act_ = std::move(act);
  }
  // Passes on so many requests that contain this text, and then nothing any more, as if whoever
  // asks had been killed.
  void cut_after(std::string text, int requests) {
    const std::lock_guard lock(mutex_);
    cut_text_ = std::move(text);
    requests_ = requests;
  }
  // How many of them are still to be lost.
  int left() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  bool is_to_be_lost(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (answers_ == 0 || request.find(text_) == std::string::npos) return false;
    --answers_;
    return true;
  }

  void act_before(const std::string& request) {
    std::function<void()> act;
    {
      const std::lock_guard lock(mutex_);
      if (act_ && request.find(act_text_) != std::string::npos) act.swap(act_);
    }
    if (act) act();
  }

  bool is_cut(const std::string& request) {
    const std::lock_guard lock(mutex_);
    const bool counts = !cut_text_.empty() && request.find(cut_text_) != std::string::npos;
    if (counts && requests_-- == 0) is_cut_ = true;
    return is_cut_;
  }

  // One request for each connection to etcd, so that its answer ends with the connection.
  void serve(Connection& client) {
    std::optional<std::string> request = client.read_request();
    if (!request || is_cut(*request)) return;
    act_before(*request);
    request->insert(request->find("\r\n") + 2, "Connection: close\r\n");
    const bool is_lost = is_to_be_lost(*request);
    const FileDescriptor etcd = connect();
    if (::send(etcd.get(), request->data(), request->size(), MSG_NOSIGNAL) < 0) return;
    char block[65536];
    while (!is_ending_) {
      const ssize_t count = ::recv(etcd.get(), block, sizeof block, 0);
      const bool has_to_wait = count < 0 && (errno == EAGAIN || errno == EINTR);
      if (count <= 0 && !has_to_wait) return;
      if (count > 0 && !is_lost) client.write({block, static_cast<std::size_t>(count)});
    }
  }

  FileDescriptor connect() const {
    FileDescriptor etcd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // A watch may be silent for long when the relay is to end.
    const timeval patience{.tv_sec = 0, .tv_usec = 20'000};
    ::setsockopt(etcd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(
        ::connect(etcd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    return etcd;
  }

  const int port_;
  std::atomic<bool> is_ending_{false};
  mutable std::mutex mutex_;
  std::string text_;
  int answers_ = 0;
  std::string act_text_;
  std::function<void()> act_;
  std::string cut_text_;
  int requests_ = 0;
  bool is_cut_ = false;
  LoopbackServer server_{[this](Connection& client) { serve(client); }};
};

}  // namespace ccm::test
