// SPDX-License-Identifier: Apache-2.0
// The monitor's end of what it and its agent say to each other about events (frames.h): two pipes,
// made anew for each agent. Never waits: an agent that does not read costs a bounded memory. Owned
// by the monitor; one thread.
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
  // The agent's; to be closed in the monitor once it has forked.
  struct Ends {
    FileDescriptor to_monitor;
    FileDescriptor from_monitor;
  };
  // What was said to and by an earlier agent is gone.
  Result<Ends> open();

  // For poll(). The descriptors are -1 when there is nothing to wait for.
  pollfd incoming() const noexcept { return {in_.get(), POLLIN, 0}; }
  pollfd outgoing() const noexcept { return {unsent_.empty() ? -1 : out_.get(), POLLOUT, 0}; }

  // Everything that has arrived; sends on what could not be sent before. An error when it makes no
  // sense: then nothing more is taken.
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
