// SPDX-License-Identifier: Apache-2.0
// The keeper of one run of a hook (hook_process.h). A process of its own, forked from the monitor;
// one thread.
#pragma once

#include <string_view>

#include "agent/hooks/hook_process.h"

namespace ccm::agent {

// The keeper's descriptors beside its standard input, which is the program's, and the lifeline.
inline constexpr int kKeeperReport = 3;
inline constexpr int kKeeperLeash = 5;

// What the report says: a letter, then text, then a line feed.
inline constexpr char kReportLine = 'o';    // a line of output
inline constexpr char kReportGood = 'g';    // the program has ended with status 0
inline constexpr char kReportLate = 't';    // it was ended at its time limit
inline constexpr char kReportFailed = 'f';  // how else it ended, or why it did not start

// Starts the program and stays until everything it has started has ended.
void keep_hook(const HookOrder& order) noexcept;

}  // namespace ccm::agent
