// SPDX-License-Identifier: Apache-2.0
// What the module keeps for one configuration (httpd: the pool `pconf`). Made with the first
// directive or hook that asks for it and destroyed with the pool; filled while the configuration is
// read, judged in `check_config`, brought to life in `post_config` (process.h), then inherited by
// the children.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ap_api.h"
#include "boundary.h"
#include "server/deployment.h"
#include "server/start/placeholder_file.h"
#include "server/start/site_binder.h"
#include "server/watch/agent_watch.h"

namespace ccm::apache {

// A server that shows certificates.
struct Site {
  server::CertificateSet* certificates = nullptr;  // owned by the deployment
  std::vector<std::string> names;                  // of the server
  std::size_t group = 0;                           // the same for all that show the same ones
};

struct MainConf {
  HttpdLog log;
  server::Deployment deployment;
  server::SiteBinder binder{deployment};
  std::map<const server_rec*, std::vector<server::CertificateUse>> uses;
  std::map<const server_rec*, Site> sites;  // from check_config on
  bool has_stapling = false;                // mod_ssl's, in one of them
  server::PlaceholderFile placeholder;
  std::set<const server_rec*> placeholder_servers;  // whose names it has
  server::Surroundings surroundings;                // from post_config on
  server::AgentWatch watch;
  apr_proc_t monitor{};  // of the agent, as httpd watches it
  bool is_monitor_watched = false;

  MainConf();
  MainConf(const MainConf&) = delete;
  MainConf& operator=(const MainConf&) = delete;
  ~MainConf();
};

// The MainConf of the configuration to which the server belongs.
MainConf& main_conf_of(const server_rec* server);

}  // namespace ccm::apache
