// SPDX-License-Identifier: Apache-2.0
// `ccm_certificate` in http and its servers, and what is answered to authorities in all of them.
#include "binding.h"
#include "proof.h"
#include "status.h"

namespace ccm::nginx {
namespace {

class Http {
 public:
  using Context = ngx_http_conf_ctx_t;
  using Main = ngx_http_core_main_conf_t;
  using Server = ngx_http_core_srv_conf_t;
  using Ssl = ngx_http_ssl_srv_conf_t;

  static constexpr char kName[] = "http";

  static const ngx_module_t& own() { return ngx_http_ccm_module; }
  static const ngx_module_t& core() { return ngx_http_core_module; }
  static const ngx_module_t& ssl() { return ngx_http_ssl_module; }
  // nginx refuses to load this module without it.
  static bool is_there() { return true; }

  static std::vector<std::string> names_of(const Server& server) {
    return names_in<ngx_http_server_name_t>(server.server_names);
  }

  static bool has_tls_listener(const Context& context, const Server& server) {
    auto& conf = *static_cast<PartConf*>(context.main_conf[own().ctx_index]);
    const auto& main = *static_cast<Main*>(context.main_conf[core().ctx_index]);
    return is_tls_server<ngx_http_conf_port_t, ngx_http_conf_addr_t>(conf, main.ports, server);
  }

  static bool add_variable(ngx_conf_t* cf) {
    ngx_str_t name = as_nginx(kInternalVariable);
    ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_CHANGEABLE);
    if (variable == nullptr) return false;
    variable->get_handler = no_value<ngx_http_request_t>;
    return true;
  }
};

using HttpBinding = Binding<Http>;

constexpr std::size_t kOwnCommands = 2;

// Our commands come first, then those of other modules, then an empty one.
ngx_command_t http_commands[kOwnCommands + kMostOthers] = {
    {ngx_string("ccm_certificate"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_CONF_ANY,
     HttpBinding::on_directive, NGX_HTTP_SRV_CONF_OFFSET, 0, nullptr},
    {ngx_string("ccm_status"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, on_status_directive, 0, 0,
     nullptr},
};

// Runs before the block is read, when all modules are loaded.
ngx_int_t prepare_http(ngx_conf_t* cf) noexcept {
  watch_others(cf, NGX_HTTP_MODULE, http_commands, kOwnCommands, HttpBinding::on_other_directive);
  return NGX_OK;
}

// Runs after the block was read.
ngx_int_t complete_http(ngx_conf_t* cf) noexcept {
  const ngx_int_t installed = HttpBinding::install_all(cf);
  return installed == NGX_OK ? answer_authorities(cf) : installed;
}

ngx_http_module_t http_context = {
    prepare_http,                     // preconfiguration
    complete_http,                    // postconfiguration
    HttpBinding::create_main_conf,    //
    nullptr,                          // init_main_conf
    HttpBinding::create_server_conf,  //
    HttpBinding::merge_server_conf,   //
    nullptr,                          // create_loc_conf
    nullptr,                          // merge_loc_conf
};

}  // namespace
}  // namespace ccm::nginx

ngx_module_t ngx_http_ccm_module = {
    NGX_MODULE_V1,
    &ccm::nginx::http_context,
    ccm::nginx::http_commands,
    NGX_HTTP_MODULE,
    nullptr,  // init_master
    nullptr,  // init_module
    nullptr,  // init_process
    nullptr,  // init_thread
    nullptr,  // exit_thread
    nullptr,  // exit_process
    nullptr,  // exit_master
    NGX_MODULE_V1_PADDING,
};
