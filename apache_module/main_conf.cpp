// SPDX-License-Identifier: Apache-2.0
#include "main_conf.h"

#include "directives.h"
#include "process.h"

namespace ccm::apache {
namespace {

constexpr char kKey[] = "ccm_module configuration";

}  // namespace

MainConf::MainConf() : deployment(config::Settings(dialect()), log) {}

MainConf::~MainConf() {
  end(*this);
}

MainConf& main_conf_of(const server_rec* server) {
  apr_pool_t* pconf = server->process->pconf;
  void* found = nullptr;
  apr_pool_userdata_get(&found, kKey, pconf);
  if (found == nullptr) {
    found = create_in<MainConf>(pconf);
    // No clean-up here: the pool already destroys the object. The key is copied, because another
    // load of this code may ask for it.
    apr_pool_userdata_set(found, kKey, nullptr, pconf);
  }
  return *static_cast<MainConf*>(found);
}

}  // namespace ccm::apache
