// SPDX-License-Identifier: Apache-2.0
#include "cli/agent/status_service.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "publication/reader.h"
#include "server/status/status_answer.h"
#include "server/watch/worker_rows.h"

namespace ccm::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostConnections = 32;
constexpr std::size_t kMostRequest = 8192;
constexpr std::chrono::seconds kLongestConnection{10};
constexpr int kLookAtTime = 1000;  // milliseconds

struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string accept;
};

std::string_view phrase_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Bad Request";
  }
}

std::string http_message(const server::StatusAnswer& answer, bool has_body) {
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n",
      answer.status, phrase_of(answer.status), answer.type, answer.body.size());
  for (const auto& [name, value] : answer.headers) text += fmt::format("{}: {}\r\n", name, value);
  text += "\r\n";
  if (has_body) text += answer.body;
  return text;
}

server::StatusAnswer refusal(unsigned status, std::string_view sentence) {
  return {.status = status,
          .type = "text/plain; charset=utf-8",
          .headers = {{"Cache-Control", "no-store"}},
          .body = fmt::format("{}\n", sentence)};
}

// Parses a complete head: the request line and the headers (RFC 9112). nullopt: it is malformed.
std::optional<HttpRequest> parse_request(std::string_view head) {
  const std::vector<std::string_view> lines = split(head, '\n');
  const std::vector<std::string_view> words = split(trim(lines[0]), ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.") || !words[1].starts_with('/')) {
    return std::nullopt;
  }
  HttpRequest request{.method = words[0], .target = words[1], .accept = {}};
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !equals_ignoring_case(line.substr(0, colon), "accept")) continue;
    if (!request.accept.empty()) request.accept += ',';
    request.accept += trim(line.substr(colon + 1));
  }
  return request;
}

class Connection {
 public:
  Connection(FileDescriptor socket, steady_clock::time_point now)
      : socket_(std::move(socket)), ends_at_(now + kLongestConnection) {}

  pollfd awaited() const noexcept {
    return {socket_.get(), static_cast<short>(is_answering() ? POLLOUT : POLLIN), 0};
  }
  // `answer` makes the message for a complete head. False when the connection is finished.
  template <typename Answer>
  bool go_on(steady_clock::time_point now, bool is_ready, Answer&& answer) {
    if (now >= ends_at_) return false;
    if (!is_ready) return true;
    if (!is_answering()) return read_on(answer) && (!is_answering() || write_on());
    return write_on();
  }

 private:
  bool is_answering() const noexcept { return !message_.empty(); }

  template <typename Answer>
  bool read_on(Answer&& answer) {
    std::array<char, 4096> buffer;
    const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    request_.append(buffer.data(), static_cast<std::size_t>(count));
    const std::size_t end = request_.find("\r\n\r\n");
    if (end != std::string::npos) {
      message_ = answer(std::string_view(request_).substr(0, end));
    } else if (request_.size() > kMostRequest) {
      message_ = http_message(refusal(431, "the request is too long"), true);
    }
    return true;
  }

  bool write_on() {
    const ssize_t count =
        send(socket_.get(), message_.data() + sent_, message_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<std::size_t>(count);
    return sent_ < message_.size();
  }

  FileDescriptor socket_;
  steady_clock::time_point ends_at_;
  std::string request_;
  std::string message_;
  std::size_t sent_ = 0;
};

class StatusService {
 public:
  StatusService(const config::Config& config, publication::Reader reader)
      : config_(config), reader_(std::move(reader)) {}

  std::string answer(std::string_view head) const {
    const auto request = parse_request(head);
    if (!request) return http_message(refusal(400, "this is no HTTP request"), true);
    const std::size_t mark = request->target.find('?');
    const SystemClock clock;
    const server::StatusAnswer answer = server::answer_status(
        {.method = request->method,
         .path = request->target.substr(0, mark),
         .query = mark == std::string_view::npos ? "" : request->target.substr(mark + 1),
         .accept = request->accept},
        {.config = &config_, .reader = &reader_, .rows = rows_}, clock.now(), clock.steady_now());
    return http_message(answer, request->method != "HEAD");
  }

  void look(const FileDescriptor& listener) {
    const bool may_accept = connections_.size() < kMostConnections;
    // poll() ignores a negative descriptor.
    std::vector<pollfd> waiting{{may_accept ? listener.get() : -1, POLLIN, 0}};
    for (const Connection& each : connections_) waiting.push_back(each.awaited());
    if (poll(waiting.data(), waiting.size(), kLookAtTime) < 0) return;
    const auto now = steady_clock::now();
    std::size_t index = 0;
    connections_.remove_if([&](Connection& each) {
      const bool is_ready = waiting[++index].revents != 0;
      return !each.go_on(now, is_ready, [this](std::string_view head) { return answer(head); });
    });
    if (waiting[0].revents == 0) return;
    FileDescriptor socket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) connections_.emplace_back(std::move(socket), now);
  }

 private:
  const config::Config& config_;
  publication::Reader reader_;
  server::WorkerRows rows_;  // there are no workers
  std::list<Connection> connections_;
};

}  // namespace

Result<void> serve_status(const config::Config& config, const FileDescriptor& listener,
                          const FileDescriptor& publication) {
  Result<publication::Reader> reader = publication::Reader::open(publication);
  if (!reader) return pass(std::move(reader));
  StatusService service(config, *std::move(reader));
  for (;;) service.look(listener);
}

}  // namespace ccm::cli
