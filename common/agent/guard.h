// SPDX-License-Identifier: Apache-2.0
// The guard: a second monitor that waits until the first one is gone. It is the monitor's child,
// holds the lifeline, the settings and the way to the server's log, and does nothing but look every
// second whether the monitor lives and moves. When it does not, the guard becomes the monitor
// (monitor.h), with everything that it takes: it is still root if the server was, so it may read
// credentials and open the log.
#pragma once

#include <sys/types.h>

#include "agent/monitor.h"

namespace ccm::agent {

// In the guard's process: returns its exit status when the lifeline has ended.
int stand_guard(const Family& family, pid_t monitor);

}  // namespace ccm::agent
