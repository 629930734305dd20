// SPDX-License-Identifier: Apache-2.0
// `ccm_certificate` in stream and its servers.
//
// stream is usually a module of its own, loaded before this one, after it, or not at all. So
// nothing here may refer to its symbols at load time: they are looked up when nginx reads a
// `stream` block, which proves that they are there.
#include <dlfcn.h>

#include "boundary.h"
#include "other_directives.h"
#include "server_binding.h"

namespace ccm::nginx {
namespace {

template <typename T>
T* symbol_of_stream(const char* name) {
  return reinterpret_cast<T*>(dlsym(RTLD_DEFAULT, name));
}

struct Symbols {
  ngx_module_t* core = symbol_of_stream<ngx_module_t>("ngx_stream_core_module");
  ngx_module_t* ssl = symbol_of_stream<ngx_module_t>("ngx_stream_ssl_module");
  decltype(ngx_stream_add_variable)* add_variable =
      symbol_of_stream<decltype(ngx_stream_add_variable)>("ngx_stream_add_variable");
};

#if CCM_NGINX_STREAM_SSL_SRV_CONF
using SslConf = ngx_stream_ssl_srv_conf_t;
#else
using SslConf = ngx_stream_ssl_conf_t;
#endif

SslConf* ssl_conf_of(ngx_conf_t* cf, const Symbols& stream) {
  return static_cast<SslConf*>(ngx_stream_conf_get_module_srv_conf(cf, (*stream.ssl)));
}

SslFields ssl_fields(ngx_conf_t* cf, const Symbols& stream) {
  return ssl_fields_of(*ssl_conf_of(cf, stream));
}

#if CCM_NGINX_STREAM_SERVER_NAMES

std::vector<std::string> names_of(const ngx_stream_core_srv_conf_t* server) {
  std::vector<std::string> names;
  const auto* entries = static_cast<ngx_stream_server_name_t*>(server->server_names.elts);
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

bool has_tls_listener(ngx_conf_t* cf, const Symbols& stream,
                      const ngx_stream_core_srv_conf_t* server) {
  const auto* core = static_cast<ngx_stream_core_main_conf_t*>(
      ngx_stream_conf_get_module_main_conf(cf, (*stream.core)));
  const ngx_uint_t ports = core->ports == nullptr ? 0 : core->ports->nelts;
  for (ngx_uint_t p = 0; p < ports; ++p) {
    const auto& addresses = static_cast<ngx_stream_conf_port_t*>(core->ports->elts)[p].addrs;
    for (ngx_uint_t a = 0; a < addresses.nelts; ++a) {
      const auto& address = static_cast<ngx_stream_conf_addr_t*>(addresses.elts)[a];
      auto* const* servers = static_cast<ngx_stream_core_srv_conf_t**>(address.servers.elts);
      auto* const* end = servers + address.servers.nelts;
      if (address.opt.ssl && std::find(servers, end, server) != end) return true;
    }
  }
  return false;
}

#else

// Without them, as before 1.25.5, `listen ... ssl` is noted in the SSL module's conf.
std::vector<std::string> names_of(const ngx_stream_core_srv_conf_t*) {
  return {};
}

bool has_tls_listener(ngx_conf_t* cf, const Symbols& stream, const ngx_stream_core_srv_conf_t*) {
  return ssl_conf_of(cf, stream)->listen != 0;
}

#endif

ServerFacts facts_of(ngx_conf_t* cf, const Symbols& stream) {
  const auto* server = static_cast<ngx_stream_core_srv_conf_t*>(
      ngx_stream_conf_get_module_srv_conf(cf, (*stream.core)));
  return {
      .names = names_of(server),
      .origin = make_origin(server->file_name, server->line),
      .ssl = ssl_fields(cf, stream),
      .has_tls_listener = has_tls_listener(cf, stream, server),
  };
}

ngx_int_t no_value(ngx_stream_session_t*, ngx_stream_variable_value_t* value, uintptr_t) {
  value->not_found = 1;
  return NGX_OK;
}

// Done as late as possible: when this module was loaded first, stream's variables do not exist yet
// while its `preconfiguration` would run.
bool add_internal_variable(ngx_conf_t* cf, const Symbols& stream) {
  ngx_str_t name = ngx_string(kInternalVariable);
  ngx_stream_variable_t* variable = stream.add_variable(cf, &name, NGX_STREAM_VAR_CHANGEABLE);
  if (variable == nullptr) return false;
  variable->get_handler = no_value;
  return true;
}

void* create_server_conf(ngx_conf_t* cf) noexcept {
  return create_in<ServerConf>(cf->pool);
}

char* on_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(cf, [&] {
    const Symbols stream;
    if (stream.ssl == nullptr) {
      return report(cf, "\"ccm_certificate\" needs nginx's stream with its SSL module");
    }
    return take_use(cf, *static_cast<ServerConf*>(conf), ssl_fields(cf, stream));
  });
}

char* merge_server_conf(ngx_conf_t* cf, void* outer, void* server) noexcept {
  return conf_boundary(cf, [&] {
    const Symbols stream;
    if (stream.ssl == nullptr) return kConfOk;
    auto& conf = *static_cast<ServerConf*>(server);
    char* result = bind(cf, *static_cast<ServerConf*>(outer), conf, facts_of(cf, stream));
    if (result == kConfOk && conf.certificates != nullptr && !add_internal_variable(cf, stream)) {
      return kConfError;
    }
    return result;
  });
}

ngx_int_t install_all(ngx_conf_t* cf) noexcept {
  const Symbols stream;
  if (stream.ssl == nullptr) return NGX_OK;
  const auto* core = static_cast<ngx_stream_core_main_conf_t*>(
      ngx_stream_conf_get_module_main_conf(cf, (*stream.core)));
  auto* const* servers = static_cast<ngx_stream_core_srv_conf_t**>(core->servers.elts);
  for (ngx_uint_t s = 0; s < core->servers.nelts; ++s) {
    void** confs = servers[s]->ctx->srv_conf;
    const auto* ssl = static_cast<SslConf*>(confs[stream.ssl->ctx_index]);
    install(cf->cycle, *static_cast<ServerConf*>(confs[ngx_stream_ccm_module.ctx_index]), ssl->ssl,
            compression_of(*ssl));
  }
  return NGX_OK;
}

char* on_other_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  return conf_boundary(cf, [&] {
    return take_other(cf, ngx_stream_ccm_module, static_cast<ServerConf*>(conf)->written.others);
  });
}

// The first is ours; behind it come those of other modules, and an empty one.
ngx_command_t commands[1 + kMostOthers] = {
    {ngx_string("ccm_certificate"), NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF | NGX_CONF_ANY,
     on_directive, NGX_STREAM_SRV_CONF_OFFSET, 0, nullptr},
};

// Before the block is read, when all modules are loaded.
ngx_int_t prepare(ngx_conf_t* cf) noexcept {
  watch_others(cf, NGX_STREAM_MODULE, commands, 1, on_other_directive);
  return NGX_OK;
}

ngx_stream_module_t context = {
    prepare,             // preconfiguration
    install_all,         // postconfiguration
    nullptr,             // create_main_conf
    nullptr,             // init_main_conf
    create_server_conf,  //
    merge_server_conf,   //
};

}  // namespace
}  // namespace ccm::nginx

ngx_module_t ngx_stream_ccm_module = {
    NGX_MODULE_V1,
    &ccm::nginx::context,
    ccm::nginx::commands,
    NGX_STREAM_MODULE,
    nullptr,  // init_master
    nullptr,  // init_module
    nullptr,  // init_process
    nullptr,  // init_thread
    nullptr,  // exit_thread
    nullptr,  // exit_process
    nullptr,  // exit_master
    NGX_MODULE_V1_PADDING,
};
