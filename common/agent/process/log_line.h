// SPDX-License-Identifier: Apache-2.0
// How the agent's log lines reach the server's error log. The agent writes one tagged line per
// message to its standard error, which is a pipe; the monitor, which may open the log file, writes
// it there in the server's own form. A line that is not tagged (printed by a library) counts as an
// error.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/log.h"
#include "config/input/wire.h"

namespace ccm::agent {

// Longest line through the pipe; shorter than PIPE_BUF, so that lines of several threads do not
// mix.
inline constexpr std::size_t kMostLine = 4000;

struct LogLine {
  Severity severity;
  std::string text;
};

// "<digit> text\n", control characters made visible, cut to kMostLine bytes.
std::string tag(const LogLine& line);
// The inverse, for an untrusted line without its line feed: cuts the text to kMostLine bytes and
// makes it printable.
LogLine untag(std::string_view line);

using WallTime = std::chrono::system_clock::time_point;

// The line as the server itself would write it, local time, with its line feed:
//   nginx   2026/11/21 22:23:00 [notice] 71#71: ccm: text
//   apache  [Sat Nov 21 22:23:00.123456 2026] [ccm:notice] [pid 71] text
//   none    2026-11-21T22:23:00 notice: text
std::string format_line(config::ServerKind server, const LogLine& line, WallTime time, pid_t pid);
// JSON for programs:
// {"time":"2026-11-21T22:23:00.123Z","level":"notice","process":71,"message":"text"}
std::string format_json_line(const LogLine& line, WallTime time, pid_t pid);
// For systemd's journal, which adds the time and the process: "<5>ccm: text" (sd-daemon(3)).
std::string format_journal_line(const LogLine& line);
// Any finished line with its priority in front, which the journal takes off: "<5>{...}".
std::string with_priority(Severity severity, std::string_view finished);

// The agent's Log: tagged lines to a descriptor, nothing above `most_verbose`. Without a reader,
// lines are lost and nothing else happens. Thread-safe.
class PipeLog final : public Log {
 public:
  PipeLog(int descriptor, Severity most_verbose)
      : descriptor_(descriptor), most_verbose_(most_verbose) {}
  void write(Severity severity, std::string_view line) noexcept override;

 private:
  int descriptor_;
  Severity most_verbose_;
};

}  // namespace ccm::agent
