// SPDX-License-Identifier: Apache-2.0
// Finds workers of the server that have stopped or hang, and reports them in the log and, with the
// sign of life, to ccmctl. The server's own status page finds them without the agent. Main thread
// only.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>

#include "agent/process/sign_of_life.h"
#include "base/clock.h"
#include "base/log.h"
#include "publication/worker_beats.h"

namespace ccm::agent {

class WorkerWatch {
 public:
  static constexpr Seconds kBetweenLooks{1};

  // nullopt: the server has none that give signs of life. What is borrowed must outlive the object.
  WorkerWatch(std::optional<publication::WorkerBeats> beats, SignOfLife& life, Log& log);

  // Cheap when called too soon.
  void look(SteadyTime now);
  // False while a worker is late: look() should come again soon.
  bool is_at_rest() const noexcept { return !is_anyone_late_; }

 private:
  void say(const std::vector<WorkerSign>& late);

  std::optional<publication::WorkerBeats> beats_;
  SignOfLife& life_;
  Log& log_;
  SteadyTime next_{};
  std::set<pid_t> silent_;  // workers that the log has named
  bool is_anyone_late_ = false;
};

}  // namespace ccm::agent
