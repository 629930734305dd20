// SPDX-License-Identifier: Apache-2.0
// The signs of life of a child of httpd. No MPM calls a module regularly in a child, so a thread of
// ours gives them. They show that the process runs, not that each of its threads is free. Children
// of prefork give none, because they have no threads.
#pragma once

#include "ap_api.h"
#include "server/deployment.h"

namespace ccm::apache {

// Called in child_init: starts the thread, which ends with the pool of the child. `deployment` must
// outlive the pool. When the thread cannot be started, this child gives no signs; that is logged.
void give_signs(apr_pool_t* child, server::Deployment& deployment, Log& log) noexcept;

}  // namespace ccm::apache
