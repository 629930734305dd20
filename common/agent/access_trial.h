// SPDX-License-Identifier: Apache-2.0
// Tries in a process of its own whether an agent could work with changed files: a credentials file
// that is half written, or wrong, must not end an agent that works. The monitor itself reads no
// credential. Owned by the monitor; one thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/handle.h"
#include "base/result.h"

namespace ccm::agent {

class AccessTrial {
 public:
  AccessTrial() = default;
  AccessTrial(AccessTrial&&) = delete;
  ~AccessTrial() { stop(); }

  // Ends a trial that is under way and begins another one. An error when there cannot be any.
  Result<void> start(const std::function<Result<void>()>& attempt);
  void stop() noexcept;

  // Readable when `verdict` may have something to say; -1: there is no trial.
  int descriptor() const noexcept { return output_.get(); }
  // nullopt while it is under way and when there is none; then, once, how the attempt ended.
  std::optional<Result<void>> verdict();

 private:
  pid_t pid_ = -1;
  FileDescriptor output_;  // what it says, until its end
  std::string sentence_;
};

}  // namespace ccm::agent
