// SPDX-License-Identifier: Apache-2.0
// What the module keeps for one configuration (nginx: a cycle). Made and destroyed by nginx with
// the cycle; filled while the configuration is read, judged in `init_conf`, brought to life in
// `init_module` (process.cpp), then inherited by the workers.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "boundary.h"
#include "config/config.h"
#include "ngx_api.h"
#include "server/deployment.h"

namespace ccm::nginx {

struct MainConf {
  bool has_block = false;                   // `ccm { … }` was there
  bool has_open_certificate = false;        // a certificate block is being read
  std::optional<config::Origin> first_use;  // of `ccm_certificate`
  // What was found dubious while servers were bound; said when the whole is judged.
  std::vector<std::pair<Severity, std::string>> doubts;
  std::set<std::string> idle_directives;  // of other modules, said among them
  NginxLog log;
  server::Deployment deployment;

  explicit MainConf(const ngx_cycle_t* cycle) : log(cycle), deployment({}, log) {}
  MainConf(const MainConf&) = delete;
  MainConf& operator=(const MainConf&) = delete;
  ~MainConf();
};

// The one of the cycle; never null once the module is loaded.
inline MainConf& main_conf_of(const ngx_cycle_t* cycle) {
  return *reinterpret_cast<MainConf*>(ngx_get_conf(cycle->conf_ctx, ngx_ccm_module));
}

}  // namespace ccm::nginx
