// SPDX-License-Identifier: Apache-2.0
// Checks in a separate process whether an agent could work with changed files, because a
// credentials file that is half written or wrong must not end a working agent. The monitor itself
// reads no credential. Owned by the monitor; one thread.
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

  // Ends a running trial and begins a new one. An error when the process cannot be started.
  Result<void> start(const std::function<Result<void>()>& attempt);
  void stop() noexcept;

  // Readable when verdict() may have a result; -1: no trial is running.
  int descriptor() const noexcept { return output_.get(); }
  // nullopt while a trial is running and when there is none; once after its end, the result of the
  // attempt.
  std::optional<Result<void>> verdict();

 private:
  pid_t pid_ = -1;
  FileDescriptor output_;  // what it says, until its end
  std::string sentence_;
};

}  // namespace ccm::agent
