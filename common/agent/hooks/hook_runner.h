// SPDX-License-Identifier: Apache-2.0
// Runs the operator's programs at events: the monitor's part of the hooks. The table of programs
// comes from the configuration that the server handed over; the agent only chooses rows of it.
// Output and failures go into the server's log. A hook that fails, hangs, forks or prints without
// end harms nothing else (hook_queue.h, hook_process.h).
//
// Belongs to the monitor; one thread. Never waits for a hook.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "agent/hooks/frames.h"
#include "agent/hooks/hook_process.h"
#include "agent/hooks/hook_queue.h"
#include "base/log.h"
#include "config/config.h"

namespace ccm::agent {

class HookRunner {
 public:
  struct Parts {
    std::vector<config::Hook> hooks;
    // Writes into the server's log.
    std::function<void(Severity severity, const std::string& sentence)> say;
    // Called in a new process that becomes a keeper.
    std::function<void()> become_keeper;
    // Sends the answer to a question to the agent.
    std::function<void(const HookAnswer& answer)> reply;
  };
  explicit HookRunner(Parts parts) : parts_(std::move(parts)) {}

  // Handles a message of the agent.
  void take(const EventMessage& message);
  // Starts the hooks that may start, and handles the news of those that run.
  void look();
  // The agent that asked is gone.
  void drop_questions();
  // The server is gone: ends everything.
  void stop();

  // Adds the descriptors that look() waits for.
  void add_to(std::vector<pollfd>& waiting) const;

 private:
  struct Run {
    HookJob job;
    HookProcess process;
    std::string output = {};  // its first lines, for the answer
    std::string last_line = {};
  };
  struct Question {
    std::size_t left = 0;
    HookAnswer answer;
  };

  void begin(HookJob job);
  bool look_at(Run& run);
  void settle(const HookJob& job, HookResult result);
  void count(publication::HookCounts::Outcome outcome, std::uint64_t how_many = 1) noexcept {
    counts_.outcomes[outcome] += how_many;
  }
  void answer(HookAnswer answer);
  void say_dropped();
  std::string name_of(std::size_t hook) const;
  std::string subject_of(const HookJob& job) const;

  Parts parts_;
  HookQueue queue_;
  std::list<Run> runs_;
  std::map<std::uint32_t, Question> questions_;
  publication::HookCounts counts_;  // not sent to the agent yet
  std::uint64_t dropped_ = 0;
  std::chrono::steady_clock::time_point next_word_;  // when dropped jobs may be logged again
};

}  // namespace ccm::agent
