// What happens when a configuration is accepted, and in every process afterwards.
//
// nginx reads a configuration in the starting process or in the master (reload), judges it, and
// calls init_module; from there it cannot go back. Then, at the first start, it daemonizes, and it
// forks its workers. So init_module is where a configuration comes to life, in this order:
//   1  a new publication segment is filled from the store, placeholders where there is nothing yet
//   2  it is mapped read-only, for the workers to inherit
//   3  the agent is started with the segment and the end of a lifeline
//   4  the master lets go of the segment (no worker may inherit a writable mapping) and of the
//   previous
//      configuration's lifeline, so that its agent ends
// Nothing of it happens under `nginx -t` and `nginx -s`.
#pragma once

#include "base/result.h"
#include "main_conf.h"
#include "ngx_api.h"

namespace ccm::nginx {

// init_conf: turns what was read into one checked configuration, without network and store. False
// when it is wrong; that was logged.
bool judge(ngx_cycle_t* cycle, MainConf& conf);

// init_module. Nothing that goes wrong here stops the server: at a reload nginx would end all of
// it, and whatever else it serves. It is logged.
void bring_to_life(ngx_cycle_t* cycle, MainConf& conf);

// init_process: drops what only the master may hold.
void enter_process(MainConf& conf);

}  // namespace ccm::nginx
