// What the module keeps for one configuration (nginx: a cycle). Made and destroyed by nginx with
// the cycle; filled while the configuration is read, completed in `init_conf`, brought to life in
// `init_module` (process.cpp), then inherited by the workers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/handle.h"
#include "config/config.h"
#include "config/settings.h"
#include "handshake.h"
#include "ngx_api.h"
#include "publication/reader.h"

namespace ccm::nginx {

struct MainConf {
  bool has_block = false;                   // `ccm { … }` was there
  bool has_open_certificate = false;        // a certificate block is being read
  std::optional<config::Origin> first_use;  // of `ccm_certificate`
  config::Settings settings;
  std::optional<config::Config> config;  // from init_conf on

  // The certificates that servers use, by name, and the sets in which they do.
  std::map<std::string, LiveCertificate, std::less<>> live;
  std::vector<std::unique_ptr<CertificateSet>> sets;

  // From init_module on, when there is anything to serve.
  std::optional<publication::Reader> reader;
  FileDescriptor lifeline;  // the master's end; closed in workers

  MainConf() = default;
  MainConf(const MainConf&) = delete;
  MainConf& operator=(const MainConf&) = delete;
  ~MainConf();
};

// The one of the cycle; never null once the module is loaded.
inline MainConf& main_conf_of(const ngx_cycle_t* cycle) {
  return *reinterpret_cast<MainConf*>(ngx_get_conf(cycle->conf_ctx, ngx_ccm_module));
}

}  // namespace ccm::nginx
