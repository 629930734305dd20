// SPDX-License-Identifier: Apache-2.0
// The server's error log as the monitor writes it: by path, so that a rotated log is followed, or
// by the inherited standard error when the server logs somewhere without a path. Used by the
// monitor only.
#pragma once

#include <string>

#include "agent/process/log_line.h"
#include "base/handle.h"

namespace ccm::agent {

class ServerLog {
 public:
  explicit ServerLog(config::ServerFacts facts) : facts_(std::move(facts)) {}

  // Drops a line that is below the server's level. Never fails: when the disk is full, the line is
  // lost.
  void write(const LogLine& line, pid_t pid);

 private:
  int descriptor();
  std::string text_of(const LogLine& line, pid_t pid, bool is_journal) const;

  config::ServerFacts facts_;
  FileDescriptor file_;
};

}  // namespace ccm::agent
