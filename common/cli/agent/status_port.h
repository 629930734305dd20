// SPDX-License-Identifier: Apache-2.0
// The port at which `ccmctl agent` shows its status, to this host alone: what a web server's worker
// says at `ccm_status`. A process of its own, which has no credentials and no private key, and runs
// as the agent's account. The agent itself listens nowhere.
//
// HTTP/1.1 with one request for each connection, a bounded number of connections, and a time limit
// for each. One thread; owned by whoever runs the agent.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/handle.h"
#include "base/result.h"
#include "config/config.h"

namespace ccm::cli {

class StatusPort {
 public:
  StatusPort() = default;
  StatusPort(const StatusPort&) = delete;
  StatusPort& operator=(const StatusPort&) = delete;
  ~StatusPort() { stop(); }

  // Listens at the address instead of the one before, or nowhere when it is empty. On failure
  // everything stays as it was.
  Result<void> listen_at(const std::string& address);
  // Begins to answer with what the notes in the publication say. `publication` is a descriptor that
  // can only read. The new process inherits nothing else that matters.
  Result<void> start(const config::Config& config, FileDescriptor publication);
  void stop() noexcept;
  // Whether the process has ended by itself. It has then been waited for.
  bool has_ended() noexcept;

  bool is_wanted() const noexcept { return static_cast<bool>(listener_); }

 private:
  std::string address_;
  FileDescriptor listener_;
  pid_t process_ = -1;
};

}  // namespace ccm::cli
