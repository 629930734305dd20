// The monitor: the tiny process between the server and the agent. It waits on the lifeline, starts
// the agent again when it dies, starts it anew when the credentials file changes (only the monitor
// may still read it when it was started as root), and carries the agent's messages into the
// server's error log. It holds no credential and no key.
//
// Bootstrap, in this order (cited by the code):
//   1 main.cpp cleans the process: descriptors, signals, dumps, session
//   2 the settings are read from descriptor 5 and finalized
//   3 the agent is forked; it goes on in service.h and never returns here
//   4 the loop: lifeline, log pipe, child, credentials file
// The agent holds the lifeline too: should the monitor be killed, the agent goes on serving and
// still ends with the server; only its messages are lost, and nobody would start it again.
#pragma once

#include <chrono>
#include <functional>

#include "config/wire.h"

namespace ccm::agent {

// How long to wait before the agent is started again: from half a second, doubling to half a
// minute; a long life begins the row anew. Pure.
class RespawnPolicy {
 public:
  std::chrono::milliseconds next_delay(std::chrono::milliseconds lifetime) noexcept;
  // After an agent that only an operator can help: from a minute, doubling to an hour.
  std::chrono::milliseconds delay_for_operator() noexcept;

 private:
  unsigned failures_ = 0;
  unsigned refusals_ = 0;
};

// Runs until the lifeline ends; returns the exit status. `agent` is the child's whole life.
int run_monitor(const config::Handover& handover, const std::function<int()>& agent);

}  // namespace ccm::agent
