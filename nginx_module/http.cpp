// SPDX-License-Identifier: Apache-2.0
// `ccm_certificate` in http and its servers.
#include <unordered_set>

#include "boundary.h"
#include "other_directives.h"
#include "server_binding.h"

namespace ccm::nginx {
namespace {

// Servers that have a TLS listener; known once all of them were read.
struct HttpConf {
  bool is_complete = false;
  std::unordered_set<const void*> tls_servers;
};

// Not every nginx has `listen ... quic`.
template <typename ListenOptions>
bool is_tls(const ListenOptions& options) {
  if constexpr (requires { options.quic; }) {
    if (options.quic != 0) return true;
  }
  return options.ssl != 0;
}

void collect(const ngx_http_conf_addr_t& address, std::unordered_set<const void*>& servers) {
  if (!is_tls(address.opt)) return;
  auto* const* found = static_cast<ngx_http_core_srv_conf_t**>(address.servers.elts);
  servers.insert(found, found + address.servers.nelts);
}

bool has_tls_listener(ngx_conf_t* cf, const ngx_http_core_srv_conf_t* server) {
  auto* conf = static_cast<HttpConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_ccm_module));
  if (!conf->is_complete) {
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const ngx_uint_t ports = core->ports == nullptr ? 0 : core->ports->nelts;
    for (ngx_uint_t p = 0; p < ports; ++p) {
      const auto& port = static_cast<ngx_http_conf_port_t*>(core->ports->elts)[p];
      for (ngx_uint_t a = 0; a < port.addrs.nelts; ++a) {
        collect(static_cast<ngx_http_conf_addr_t*>(port.addrs.elts)[a], conf->tls_servers);
      }
    }
    conf->is_complete = true;
  }
  return conf->tls_servers.contains(server);
}

std::vector<std::string> names_of(const ngx_http_core_srv_conf_t* server) {
  std::vector<std::string> names;
  const auto* entries = static_cast<ngx_http_server_name_t*>(server->server_names.elts);
  for (ngx_uint_t i = 0; i < server->server_names.nelts; ++i) {
    // A server without names has an empty one.
    if (entries[i].name.len == 0) continue;
    std::string name = to_string(entries[i].name);
#if (NGX_PCRE)
    // nginx took the tilde off.
    if (entries[i].regex != nullptr) name.insert(name.begin(), '~');
#endif
    names.push_back(std::move(name));
  }
  return names;
}

SslFields ssl_fields(ngx_conf_t* cf) {
  return ssl_fields_of(*static_cast<ngx_http_ssl_srv_conf_t*>(
      ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module)));
}

ServerFacts facts_of(ngx_conf_t* cf) {
  const auto* server = static_cast<ngx_http_core_srv_conf_t*>(
      ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module));
  return {
      .names = names_of(server),
      .origin = make_origin(server->file_name, server->line),
      .ssl = ssl_fields(cf),
      .has_tls_listener = has_tls_listener(cf, server),
  };
}

ngx_int_t no_value(ngx_http_request_t*, ngx_http_variable_value_t* value, uintptr_t) {
  value->not_found = 1;
  return NGX_OK;
}

bool add_internal_variable(ngx_conf_t* cf) {
  ngx_str_t name = ngx_string(kInternalVariable);
  ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_CHANGEABLE);
  if (variable == nullptr) return false;
  variable->get_handler = no_value;
  return true;
}

void* create_main_conf(ngx_conf_t* cf) noexcept {
  return create_in<HttpConf>(cf->pool);
}

void* create_server_conf(ngx_conf_t* cf) noexcept {
  return create_in<ServerConf>(cf->pool);
}

char* on_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(
      cf, [&] { return take_use(cf, *static_cast<ServerConf*>(conf), ssl_fields(cf)); });
}

char* merge_server_conf(ngx_conf_t* cf, void* outer, void* server) noexcept {
  return conf_boundary(cf, [&] {
    auto& conf = *static_cast<ServerConf*>(server);
    char* result = bind(cf, *static_cast<ServerConf*>(outer), conf, facts_of(cf));
    if (result == kConfOk && conf.certificates != nullptr && !add_internal_variable(cf)) {
      return kConfError;
    }
    return result;
  });
}

ngx_int_t install_all(ngx_conf_t* cf) noexcept {
  const auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto* const* servers = static_cast<ngx_http_core_srv_conf_t**>(core->servers.elts);
  for (ngx_uint_t s = 0; s < core->servers.nelts; ++s) {
    void** confs = servers[s]->ctx->srv_conf;
    const auto* ssl = static_cast<ngx_http_ssl_srv_conf_t*>(confs[ngx_http_ssl_module.ctx_index]);
    install(cf->cycle, *static_cast<ServerConf*>(confs[ngx_http_ccm_module.ctx_index]), ssl->ssl,
            compression_of(*ssl));
  }
  return NGX_OK;
}

char* on_other_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(cf, [&] {
    return take_other(cf, ngx_http_ccm_module, static_cast<ServerConf*>(conf)->written.others);
  });
}

// The first is ours; behind it come those of other modules, and an empty one.
ngx_command_t commands[1 + kMostOthers] = {
    {ngx_string("ccm_certificate"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_CONF_ANY,
     on_directive, NGX_HTTP_SRV_CONF_OFFSET, 0, nullptr},
};

// Before the block is read, when all modules are loaded.
ngx_int_t prepare(ngx_conf_t* cf) noexcept {
  watch_others(cf, NGX_HTTP_MODULE, commands, 1, on_other_directive);
  return NGX_OK;
}

ngx_http_module_t context = {
    prepare,             // preconfiguration
    install_all,         // postconfiguration
    create_main_conf,    //
    nullptr,             // init_main_conf
    create_server_conf,  //
    merge_server_conf,   //
    nullptr,             // create_loc_conf
    nullptr,             // merge_loc_conf
};

}  // namespace
}  // namespace ccm::nginx

ngx_module_t ngx_http_ccm_module = {
    NGX_MODULE_V1,
    &ccm::nginx::context,
    ccm::nginx::commands,
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
