// SPDX-License-Identifier: Apache-2.0
// What makes a process fit to be the agent: nothing inherited but what it needs, nothing left
// behind when it dies. Called once at the start of the monitor and again in its child,
// single-threaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::launch {

// The descriptors every agent process is born with (launch.h).
inline constexpr int kSegmentDescriptor = 3;
inline constexpr int kLifelineDescriptor = 4;
inline constexpr int kSettingsDescriptor = 5;
inline constexpr int kCanaryDescriptor = 6;
inline constexpr int kFirstOtherDescriptor = 7;

// The exit status of an agent that wants to be started again at once (EX_TEMPFAIL): something that
// it only reads at its start has changed.
inline constexpr int kStartAnew = 75;

// The exit status of an agent that only an operator can help (EX_CONFIG): there is no use in
// starting it again soon.
inline constexpr int kNeedsOperator = 78;

// Neither traceable nor dumpable, no core file. Changing the user undoes it: call it again then.
// What the system refuses is in the error; the rest is done all the same.
Result<void> forbid_dumps(std::string_view who = "the agent");
// No program that this process executes can have more rights than it has.
Result<void> give_up_new_privileges();
// The kernel kills this process when its parent ends, however it ends, also when this one is
// stopped. Changing the user undoes it: call it again then. Where it is forbidden, see
// Service::run.
void die_with_parent() noexcept;
// Every signal's default action, none blocked; SIGPIPE ignored, because a lost reader of the log
// must not end the agent.
void reset_signals() noexcept;
// Closes every descriptor from kFirstOtherDescriptor on.
void close_other_descriptors() noexcept;
// `rejected` when one of the first three is not open: the program was started by hand. A module of
// an earlier release gives no more.
Result<void> check_descriptors();
// The whole content of a descriptor that can be read again from its beginning, whatever its offset.
Result<std::string> read_from_start(int descriptor);

struct Title {
  std::string_view line;  // what `ps` shows
  const char* command;    // what `ps -o comm` shows
};
// `argv0` is the process's own first argument, which had `room` characters at its start; the title
// is cut to that.
void set_title(char* argv0, std::size_t room, const Title& title) noexcept;

}  // namespace ccm::launch
