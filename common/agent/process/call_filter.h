// SPDX-License-Identifier: Apache-2.0
// The system calls that the agent never needs: other programs, other processes, mounts, modules,
// new rights. A seccomp filter answers them with EPERM, so that code that an attacker brings into
// the agent can neither start a shell nor reach rarely used parts of the kernel. All other calls
// stay allowed, because a later libc, OpenSSL or resolver plug-in may use them.
#pragma once

#include "base/result.h"

namespace ccm::agent {

// Applies for ever to the calling thread and every thread that it starts. Needs
// give_up_new_privileges() (launch/process.h). Sockets other than UNIX, INET, INET6 and NETLINK are
// refused as not supported; new processes are refused, new threads are not.
Result<void> refuse_needless_calls();

}  // namespace ccm::agent
