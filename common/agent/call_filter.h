// SPDX-License-Identifier: Apache-2.0
// The system calls that the agent never needs: other programs, other processes, mounts, modules,
// new rights. A seccomp filter answers them with EPERM, so that code that an attacker brings into
// the agent finds neither a shell nor the kernel's rarer corners. Everything else stays allowed,
// because libc, OpenSSL and the resolver's plug-ins may use it tomorrow.
#pragma once

#include "base/result.h"

namespace ccm::agent {

// For the calling thread and all it starts, for good. Needs give_up_new_privileges() (process.h).
// Sockets other than UNIX, INET, INET6 and NETLINK are refused as not supported; new processes are
// refused, new threads are not.
Result<void> refuse_needless_calls();

}  // namespace ccm::agent
