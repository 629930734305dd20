// SPDX-License-Identifier: Apache-2.0
// Whether the agent can still write to the state directory: its disk gets full, the quota of its
// account is used up, or the kernel makes the disk read-only after an error. Says it once in the
// log, and to others with the sign of life. Main thread only.
#pragma once

#include <functional>
#include <string>

#include "agent/process/sign_of_life.h"
#include "base/clock.h"
#include "base/log.h"

namespace ccm::agent {

class RoomWatch {
 public:
  // Between two tries to write, which say what nothing else does: while all is well, and after one
  // has failed.
  static constexpr Seconds kBetweenTries{60};
  static constexpr Seconds kTryAgain{5};

  struct Parts {
    std::string directory;   // where the agent works
    std::string state_path;  // what people call it
    SignOfLife& life;
    Log& log;
    // store::look_for_refusal, but for tests.
    std::function<int(const std::string& directory)> look_for_refusal;
  };
  // What is borrowed must outlive the object.
  explicit RoomWatch(Parts parts) : parts_(std::move(parts)) {}

  // A few system calls. True when it can write again, for the first time since it could not.
  bool look(SteadyTime now);

 private:
  void try_to_write(SteadyTime now);
  std::string trouble() const;

  Parts parts_;
  SteadyTime next_try_{};
  int refusal_ = 0;  // of the last try
  bool is_in_trouble_ = false;
};

}  // namespace ccm::agent
