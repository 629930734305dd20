// SPDX-License-Identifier: Apache-2.0
// What the agent gives up besides its user: rights that root leaves behind, system calls, the file
// system outside its state directory, more memory than it can need. Each is a separate protection;
// where the kernel lacks one, the agent works without it and logs that. Single-threaded, once, at
// the start.
#pragma once

#include <cstddef>

#include "base/log.h"
#include "base/result.h"

namespace ccm::agent {

// While it is still root: empties the capability bounding set and the ambient and inheritable sets,
// so that nothing that this process or a successor executes could have one.
void drop_capability_sets() noexcept;

// To be called as the agent's account, in the state directory. `certificates` and `threads`
// determine the memory limit. Logs as information what the system lacks, because serving and
// renewing need none of it.
void confine(std::size_t certificates, unsigned threads, Log& log);

// From now on this process can write, make and remove files only below the current directory, and
// execute none. If the kernel supports it, the process can neither bind TCP ports nor signal
// processes outside. `rejected` when the kernel has no Landlock, or one that cannot allow moving
// files between directories.
Result<void> restrict_file_system();

}  // namespace ccm::agent
