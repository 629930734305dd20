// SPDX-License-Identifier: Apache-2.0
// What the module keeps for one configuration (httpd: the pool `pconf`). Made with the first
// directive or hook that asks for it and destroyed with the pool; filled while the configuration is
// read, judged in `check_config`, brought to life in `post_config` (process.h), then inherited by
// the children.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ap_api.h"
#include "boundary.h"
#include "server/deployment.h"
#include "server/start/site_binder.h"
#include "server/tls/context_placeholder.h"
#include "server/watch/agent_watch.h"

namespace ccm::apache {

// A server that shows certificates.
struct Site {
  server::CertificateSet* certificates = nullptr;  // owned by the deployment
  // mod_ssl's lists of certificate files and of key files, while it makes the server's context.
  apr_array_header_t* certificate_files = nullptr;
  apr_array_header_t* key_files = nullptr;
};

struct MainConf {
  HttpdLog log;
  server::Deployment deployment;
  server::SiteBinder binder{deployment};
  std::map<const server_rec*, std::vector<server::CertificateUse>> uses;
  std::map<const server_rec*, Site> sites;                  // from check_config on
  std::unique_ptr<server::ContextPlaceholder> placeholder;  // while mod_ssl makes its contexts
  server::Surroundings surroundings;                        // from post_config on
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
