// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/agent_channel.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ccm::agent {
namespace {

// The most unsent bytes of answers. An agent that does not read them is stopped and will be killed.
constexpr std::size_t kMostUnsent = std::size_t{4} << 20U;
// The most bytes of one look, so that the monitor's other work is not delayed.
constexpr std::size_t kMostAtOneLook = std::size_t{1} << 20U;

}  // namespace

Result<AgentChannel::Ends> AgentChannel::open() {
  std::array<int, 2> events{};
  std::array<int, 2> answers{};
  constexpr std::string_view kOpening = "starting the agent";
  if (pipe2(events.data(), O_CLOEXEC) != 0) return fail(system_error(kOpening, errno));
  in_ = FileDescriptor(events[0]);
  Ends ends{.to_monitor = FileDescriptor(events[1]), .from_monitor = {}};
  if (pipe2(answers.data(), O_CLOEXEC) != 0) return fail(system_error(kOpening, errno));
  ends.from_monitor = FileDescriptor(answers[0]);
  out_ = FileDescriptor(answers[1]);
  fcntl(in_.get(), F_SETFL, O_NONBLOCK);
  fcntl(out_.get(), F_SETFL, O_NONBLOCK);
  frames_ = {};
  unsent_.clear();
  return ends;
}

Result<std::vector<EventMessage>> AgentChannel::take() {
  send_on();
  std::vector<EventMessage> messages;
  std::array<char, 65536> buffer;
  const auto refuse = [this](std::string sentence) {
    in_.reset();
    return fail(ErrorKind::invalid, std::move(sentence));
  };
  for (std::size_t taken = 0; in_ && taken < kMostAtOneLook;) {
    const ssize_t count = read(in_.get(), buffer.data(), buffer.size());
    if (count == 0) in_.reset();
    if (count <= 0) break;
    taken += static_cast<std::size_t>(count);
    frames_.add({buffer.data(), static_cast<std::size_t>(count)});
    for (;;) {
      const auto payload = frames_.next();
      if (!payload) return refuse(payload.error().message());
      if (!*payload) break;
      auto message = decode_message(**payload);
      if (!message) return refuse("a message of unknown form");
      messages.push_back(*std::move(message));
    }
  }
  return messages;
}

void AgentChannel::send(const HookAnswer& answer) {
  if (unsent_.size() < kMostUnsent) unsent_ += encode(answer);
  send_on();
}

void AgentChannel::send_on() {
  while (!unsent_.empty()) {
    const ssize_t count = write(out_.get(), unsent_.data(), unsent_.size());
    if (count < 0 && errno == EINTR) continue;
    // Nobody will read what cannot be sent.
    if (count < 0 && errno != EAGAIN) unsent_.clear();
    if (count <= 0) return;
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
}

}  // namespace ccm::agent
