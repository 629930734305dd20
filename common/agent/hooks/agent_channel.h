// SPDX-License-Identifier: Apache-2.0
// The monitor's end of the two pipes between it and its agent for events (frames.h). Each agent
// gets new pipes. Never waits: an agent that does not read costs bounded memory. Owned by the
// monitor; one thread.
#pragma once

#include <poll.h>

#include <string>
#include <vector>

#include "agent/hooks/frames.h"
#include "base/handle.h"
#include "base/result.h"

namespace ccm::agent {

class AgentChannel {
 public:
  // The agent's ends; the monitor closes them after the fork.
  struct Ends {
    FileDescriptor to_monitor;
    FileDescriptor from_monitor;
  };
  // Makes new pipes and drops all data of an earlier agent.
  Result<Ends> open();

  // For poll(). The descriptors are -1 when there is nothing to wait for.
  pollfd incoming() const noexcept { return {in_.get(), POLLIN, 0}; }
  pollfd outgoing() const noexcept { return {unsent_.empty() ? -1 : out_.get(), POLLOUT, 0}; }

  // Returns the messages that have arrived, and sends what could not be sent before. An error when
  // the data is malformed; then it reads nothing more.
  Result<std::vector<EventMessage>> take();
  void send(const HookAnswer& answer);

 private:
  void send_on();

  FileDescriptor in_;
  FileDescriptor out_;
  FrameBuffer frames_;
  std::string unsent_;
};

}  // namespace ccm::agent
