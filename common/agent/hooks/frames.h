// SPDX-License-Identifier: Apache-2.0
// The messages between agent and monitor about events: the agent names an event, never a program;
// the monitor answers with the results of the hooks. Frames through two pipes, which are the
// agent's standard output and input: a length, then packed values. Neither side trusts the other's
// lengths. Pure functions and a buffer; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "base/result.h"
#include "publication/status.h"

namespace ccm::agent {

enum class EventCall : std::uint8_t {
  tell,
  ask,
  test,  // run the hooks and answer with what they print, whatever the event
};

struct EventMessage {
  EventCall call = EventCall::tell;
  std::uint32_t id = 0;    // of the question; 0: the agent expects no answer
  std::uint32_t lost = 0;  // events since the last message that the agent could not pass on
  Event event;
};

struct HookResult {
  std::string hook;     // "/usr/local/bin/notify (in /etc/nginx/nginx.conf:12)"
  std::string outcome;  // "ended with status 0"
  bool is_good = false;
  std::string output;  // its lines, bounded; for tests also of hooks that succeed
};
struct HookAnswer {
  std::uint32_t id = 0;  // of the question; 0: there was none, only the counts are new
  std::vector<HookResult> results = {};
  publication::HookCounts counts = {};  // of all hooks, since the last answer
};

std::string encode(const EventMessage& message);
std::optional<EventMessage> decode_message(std::string_view payload);
std::string encode(const HookAnswer& answer);
std::optional<HookAnswer> decode_answer(std::string_view payload);

// Puts frames together from the bytes of a pipe.
class FrameBuffer {
 public:
  static constexpr std::size_t kMostPayload = std::size_t{256} << 10U;

  void add(std::string_view bytes) { bytes_.append(bytes); }
  // nullopt: the next frame is not complete yet. `invalid` when a length is too large: everything
  // that follows is then malformed.
  Result<std::optional<std::string>> next();

 private:
  std::string bytes_;
};

}  // namespace ccm::agent
