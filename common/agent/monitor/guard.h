// SPDX-License-Identifier: Apache-2.0
// The guard: a second monitor that waits until the first one has gone. It is the monitor's child,
// and inherits the lifeline, the settings and the server's log. It only checks every second whether
// the monitor lives and does not hang. Otherwise the guard becomes the monitor (monitor.h): it is
// still root if the server was, so it can read credentials and open the log.
#pragma once

#include <sys/types.h>

#include "agent/monitor/monitor.h"

namespace ccm::agent {

// In the guard's process: returns its exit status when the lifeline has ended.
int stand_guard(const Family& family, pid_t monitor);

}  // namespace ccm::agent
