// SPDX-License-Identifier: Apache-2.0
// Prepares a process to be the agent: it keeps only the descriptors and settings that it needs, and
// leaves nothing behind when it dies. Called once at the start of the monitor and again in its
// child, single-threaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::launch {

// The descriptors with which every agent process starts (launch.h).
inline constexpr int kSegmentDescriptor = 3;
inline constexpr int kLifelineDescriptor = 4;
inline constexpr int kSettingsDescriptor = 5;
inline constexpr int kCanaryDescriptor = 6;
inline constexpr int kBeatsDescriptor = 7;
inline constexpr int kFirstOtherDescriptor = 8;

// The exit status of an agent that wants to be started again at once (EX_TEMPFAIL), because
// something that it reads only at its start has changed.
inline constexpr int kStartAnew = 75;

// The exit status of an agent that needs an operator (EX_CONFIG), so that starting it again soon is
// useless.
inline constexpr int kNeedsOperator = 78;

// Forbids tracing, dumps and core files. A change of the user undoes it, so call it again
// afterwards. The error names what the system refuses; the rest is done nevertheless.
Result<void> forbid_dumps(std::string_view who = "the agent");
// From now on, no program that this process executes can gain rights (PR_SET_NO_NEW_PRIVS).
Result<void> give_up_new_privileges();
// Makes the kernel kill this process when its parent ends for any reason, even if this process is
// stopped. A change of the user undoes it, so call it again afterwards. When the system forbids it,
// see ServiceLoop::run.
void die_with_parent() noexcept;
// Gives every signal its default action and unblocks all; ignores SIGPIPE, because a lost reader of
// the log must not end the agent.
void reset_signals() noexcept;
// Closes every descriptor from kFirstOtherDescriptor on.
void close_other_descriptors() noexcept;
// `rejected` when one of the first three is not open, because the program was started by hand. A
// module of an earlier release passes only those.
Result<void> check_descriptors();
// The whole content of a descriptor that can be read again from its beginning, whatever its offset.
Result<std::string> read_from_start(int descriptor);

struct Title {
  std::string_view line;  // what `ps` shows
  const char* command;    // what `ps -o comm` shows
};
// `argv0` is the process's own first argument, which had `room` characters at its start; a longer
// title is cut.
void set_title(char* argv0, std::size_t room, const Title& title) noexcept;

}  // namespace ccm::launch
