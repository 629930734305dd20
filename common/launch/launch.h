// SPDX-License-Identifier: Apache-2.0
// Starting the agent from a web server: what both server modules call once per configuration load,
// after the configuration was accepted, and `ccmctl agent` in their place. The child gets exactly
// five descriptors (docs/design/design.md, "Processes"):
//   3  the publication segment, read-write; /dev/null where there is none
//   4  the lifeline: EOF means that the server is gone or has reloaded
//   5  the settings (config/input/wire.h), a sealed memfd or a descriptor that can only read
//   6  what workers count of canaries (publication/canary_board.h); /dev/null where there is none
//   7  the signs of life of workers (publication/worker_beats.h); /dev/null where there is none
// and standard streams that lead to /dev/null and, for messages, to the server's error log.
//
// Called in the server's master or parent process, or in ccmctl, only. Does not wait for the agent.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "config/checks/host_checks.h"
#include "config/input/wire.h"

namespace ccm::launch {

struct LaunchRequest {
  std::string program;  // path of ccm-agent
  int segment;          // publication memfd, borrowed; -1: there is nobody to publish to
  const config::Handover& handover;
  int log_descriptor;     // borrowed; -1: /dev/null
  int canary_board = -1;  // borrowed; -1: no certificate has a canary
  int worker_beats = -1;  // borrowed; -1: the server has no workers that give signs of life
};

struct Launched {
  pid_t pid;
  // The server's end: close it (or die) and the agent exits at once. Close-on-exec. Workers must
  // close it after fork.
  FileDescriptor lifeline;
};

// fork + exec. A program that cannot be executed is an error of this function (reported through a
// close-on-exec pipe).
Result<Launched> launch(const LaunchRequest& request);

// Runs the program to check whether the agent could work on this host with these settings
// (agent/cloud/check.h). Waits for its answer for at most five seconds. An error when there is no
// valid answer, because the agent hangs or is of another release.
Result<std::vector<config::HostFinding>> inquire(const std::string& program,
                                                 const config::Handover& handover);

// Whether the descriptor leads to systemd's journal, which wants priorities and adds the time
// itself.
bool is_journal(int descriptor);

// Whether any process of the agent still exists. All of them hold the other end of the lifeline.
bool is_attended(const FileDescriptor& lifeline) noexcept;
// Ends the agent and all its processes, also those that hang or are stopped. Usually takes
// milliseconds, at most a second. Only for the process that launched it, not for one that inherited
// the lifeline.
void end_agent(Launched launched) noexcept;

// The path of "ccm-agent" for a module or program at `module_path`: the first executable of these:
// beside it, in a build tree's bin, where an installation of both puts it, and where this build
// would install it. Or `configured`, when that is not empty. `invalid` names all places that were
// looked at.
Result<std::string> find_agent(const std::string& configured, const std::string& module_path);

}  // namespace ccm::launch
