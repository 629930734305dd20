// SPDX-License-Identifier: Apache-2.0
// Finds out whether the agent can still write to the state directory: the disk may be full, the
// quota of the account used up, or the disk read-only after an error. Says it once in the log, and
// to others with the sign of life. Main thread only.
#pragma once

#include <functional>
#include <string>

#include "agent/process/sign_of_life.h"
#include "base/clock.h"
#include "base/log.h"

namespace ccm::agent {

class RoomWatch {
 public:
  // Between two attempts to write. Only an attempt shows whether writing works, both while all is
  // well and after one has failed.
  static constexpr Seconds kBetweenTries{60};
  static constexpr Seconds kTryAgain{5};

  struct Parts {
    std::string directory;   // the agent's working directory
    std::string state_path;  // its path in messages
    SignOfLife& life;
    Log& log;
    // store::look_for_refusal(), or a replacement in tests.
    std::function<int(const std::string& directory)> look_for_refusal;
  };
  // What is borrowed must outlive the object.
  explicit RoomWatch(Parts parts) : parts_(std::move(parts)) {}

  // Costs a few system calls. True when the agent can write again after it could not.
  bool look(SteadyTime now);

 private:
  void try_to_write(SteadyTime now);
  std::string trouble() const;

  Parts parts_;
  SteadyTime next_try_{};
  int refusal_ = 0;  // errno of the last attempt; 0: it succeeded
  bool is_in_trouble_ = false;
};

}  // namespace ccm::agent
