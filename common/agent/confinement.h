// SPDX-License-Identifier: Apache-2.0
// What the agent gives up besides its user: rights that root leaves behind, system calls, the file
// system outside its state directory, more memory than it can need. Each is one more wall; where a
// kernel has none, the agent works without it and says so. Single-threaded, once, at the start.
#pragma once

#include <cstddef>

#include "base/log.h"
#include "base/result.h"

namespace ccm::agent {

// While it is still root: empties the capability bounding set and the ambient and inheritable sets,
// so that nothing that this process or a successor executes could have one.
void drop_capability_sets() noexcept;

// As the account, the state directory being the current one. `certificates` and `threads` scale the
// limit of memory. What the system does not give is logged: as information, because serving and
// renewing need none of it.
void confine(std::size_t certificates, unsigned threads, Log& log);

// From now on files are written, made and removed below the current directory only, and executed
// nowhere; TCP ports are not bound, processes outside are not signalled, as far as the kernel knows
// how. `rejected` where it has no Landlock, or one that could not move files between directories.
Result<void> restrict_file_system();

}  // namespace ccm::agent
