// SPDX-License-Identifier: Apache-2.0
// One HTTP request as the transport read it and the answer it shall send, with the ways in which an
// answer may be made to fail. Plain values, owned by the connection's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {

using Header = std::pair<std::string, std::string>;

struct Request {
  std::string method;
  std::string target;  // as on the request line
  std::vector<Header> headers;
  std::string body;
  bool secure = false;  // came over TLS

  // The first header of that name, compared without case; nullptr when absent.
  const std::string* header(std::string_view name) const;
  std::string path() const;   // not decoded
  std::string query() const;  // not decoded
};

// How the answer leaves; only one of the endings applies.
struct Delivery {
  enum class Ending {
    complete,
    hang,       // nothing is sent, the connection stays open
    reset,      // nothing is sent, TCP RST
    close,      // nothing is sent, orderly close
    half_body,  // the announced length, half of the bytes, then a close
  };
  Ending ending = Ending::complete;
  std::int64_t delay_ms = 0;    // before anything is sent
  std::int64_t trickle_ms = 0;  // pause after each byte of the body; 0 sends it at once
};

// What the request log keeps about an answer (request_log.h).
struct LogEntry {
  std::string service;
  std::string operation;
  std::string code;  // error code, empty on success
  std::string access_key;
  std::string domain_id;
  std::string request_id;
  std::string resource;  // certificate or CA the request named
  std::string fault;     // id of the fault that changed the answer
};

struct Reply {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
  Delivery delivery;
  std::optional<LogEntry> log;  // empty: not logged (admin side)
};

}  // namespace emulator
