// SPDX-License-Identifier: Apache-2.0
// What happens when a configuration is accepted, and in the parent afterwards.
//
// httpd reads its configuration twice when it starts, and with `-k graceful` and the like once more
// in the process that only sends the signal. Each time, in this order:
//   1  check_config  Judged offline: everything that was written, under `httpd -t` also what it
//                    names on this host. From here on a mistake ends httpd.
//   2  open_logs     Only when httpd starts, and only the first time: the host, while the terminal
//                    still sees what is wrong with it.
//   3  post_config   Not the first time: the configuration comes to life, as the last thing, when
//                    no other module can refuse it any more. What is wrong with the host now, at a
//                    restart, is logged: httpd cannot go back and would end.
// Everything dubious is said once, in 3, or in 1 under `httpd -t`.
//
// The agent belongs to the configuration: when httpd drops it, the lifeline closes and the agent
// ends. Its monitor is a child that httpd watches for us; when it and its guard have died, or all
// of them were stopped, a new one is started (server/watch/agent_watch.h). Dropping a configuration
// also unloads this module, and httpd loads it anew, maybe from a newer file: what is to outlive
// that is a server::Retained in httpd's retained data.
//
// The lifeline and the retained segment must be in no other process: not in a child that serves,
// and not in those that modules such as mod_cgid fork without telling anyone, which would keep the
// agent alive when httpd is killed. So they are closed in whatever is forked. In one-process mode
// (-X) nothing is.
#pragma once

#include "ap_api.h"
#include "main_conf.h"

namespace ccm::apache {

int check_config(apr_pool_t* pconf, apr_pool_t* plog, apr_pool_t* ptemp,
                 server_rec* main_server) noexcept;
int open_logs(apr_pool_t* pconf, apr_pool_t* plog, apr_pool_t* ptemp,
              server_rec* main_server) noexcept;
int post_config(apr_pool_t* pconf, apr_pool_t* plog, apr_pool_t* ptemp,
                server_rec* main_server) noexcept;
// In each child that serves, once it has become its account.
void enter_child(apr_pool_t* pchild, server_rec* main_server) noexcept;
// About every ten seconds, in the parent: checks whether an agent lives.
int monitor(apr_pool_t* pconf, server_rec* main_server) noexcept;

// What a child answers to authorities; nullptr without a configuration.
server::LiveProofs* live_proofs() noexcept;

// The configuration is being dropped: returns when the monitor, and with it the agent, has ended.
void end(MainConf& conf) noexcept;

}  // namespace ccm::apache
