// SPDX-License-Identifier: Apache-2.0
// What the module keeps for one configuration (nginx: a cycle). Made and destroyed by nginx with
// the cycle; filled while the configuration is read, judged in `init_conf`, brought to life in
// `init_module` (process.cpp), then inherited by the workers.
#pragma once

#include "boundary.h"
#include "ngx_api.h"
#include "server/deployment.h"
#include "server/start/site_binder.h"

namespace ccm::nginx {

struct MainConf {
  bool has_block = false;             // `ccm { … }` was there
  bool has_open_certificate = false;  // a certificate block is being read
  NginxLog log;
  server::Deployment deployment;
  server::SiteBinder binder{deployment};

  explicit MainConf(const ngx_cycle_t* cycle) : log(cycle), deployment({}, log) {}
  MainConf(const MainConf&) = delete;
  MainConf& operator=(const MainConf&) = delete;
  ~MainConf();
};

// The MainConf of the cycle; exists once the module is loaded.
inline MainConf& main_conf_of(const ngx_cycle_t* cycle) {
  return *reinterpret_cast<MainConf*>(ngx_get_conf(cycle->conf_ctx, ngx_ccm_module));
}

}  // namespace ccm::nginx
