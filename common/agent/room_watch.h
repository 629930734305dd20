// SPDX-License-Identifier: Apache-2.0
// Whether the agent can still write to the state directory: its disk gets full, or the kernel makes
// it read-only after an error. Says it once in the log, and to others with the sign of life. Main
// thread only.
#pragma once

#include <string>

#include "agent/process/sign_of_life.h"
#include "base/log.h"

namespace ccm::agent {

class RoomWatch {
 public:
  // `directory` is where the agent works, `state_path` what people call it. What is borrowed must
  // outlive the object.
  RoomWatch(std::string directory, std::string state_path, SignOfLife& life, Log& log);

  // A few system calls. True when it can write again, for the first time since it could not.
  bool look();

 private:
  std::string trouble() const;

  std::string directory_;
  std::string state_path_;
  SignOfLife& life_;
  Log& log_;
  bool is_in_trouble_ = false;
};

}  // namespace ccm::agent
