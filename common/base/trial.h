// SPDX-License-Identifier: Apache-2.0
// Whether a system call would end this process. A seccomp filter may refuse a call with an error,
// which the caller sees, or kill the process, which is systemd's default. So when a filter is
// active, a call that has a substitute is first tried in a separate process.
//
// Any process, any thread; no allocation.
#pragma once

namespace ccm {

// True when the filter kills a process that makes this call. `call` makes one system call and
// nothing else; it runs in a copy of this process that shares no memory with it. Costs a fork when
// there is a filter, and otherwise one look at /proc in the life of a process.
bool is_deadly(void (*call)()) noexcept;

}  // namespace ccm
