// SPDX-License-Identifier: Apache-2.0
// What happens when a configuration is accepted, and in every process afterwards.
//
// nginx reads a configuration in the starting process or in the master (reload), judges it, and
// calls init_module; from there it cannot go back. Then, at the first start, it daemonizes, and it
// forks its workers. So init_module is where a configuration comes to life (server/deployment.h),
// after the agent of the one before was told to end. Nothing of it happens under `nginx -t` and
// `nginx -s`.
#pragma once

#include "main_conf.h"
#include "ngx_api.h"

namespace ccm::nginx {

// Called in init_conf: turns what was read into one checked configuration, without network and
// store. False, and logged, when it is wrong.
bool judge(const ngx_cycle_t* cycle, MainConf& conf);

// Called in init_module. Nothing that goes wrong here may stop the server: at a reload nginx would
// end as a whole, with everything else that it serves. So it is only logged.
void bring_to_life(const ngx_cycle_t* cycle, MainConf& conf);

// Called in init_process: drops what only the master may hold. The first worker looks every few
// seconds whether an agent publishes, because the master has no timers.
void enter_process(MainConf& conf);

// What a worker answers to authorities; nullptr without a configuration.
server::LiveProofs* live_proofs() noexcept;

// Called in exit_master: ends the agent, even one that was stopped.
void leave();

}  // namespace ccm::nginx
