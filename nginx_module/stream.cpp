// SPDX-License-Identifier: Apache-2.0
// `ccm_certificate` in stream and its servers.
//
// stream is usually a module of its own, loaded before this one, after it, or not at all. So
// nothing here may refer to its symbols at load time: they are looked up when nginx reads a
// `stream` block, which proves that they are there.
#include <dlfcn.h>

#include "binding.h"

namespace ccm::nginx {
namespace {

template <typename T>
T* symbol_of_stream(const char* name) {
  return reinterpret_cast<T*>(dlsym(RTLD_DEFAULT, name));
}

class Stream {
 public:
  using Context = ngx_stream_conf_ctx_t;
  using Main = ngx_stream_core_main_conf_t;
  using Server = ngx_stream_core_srv_conf_t;
#if CCM_NGINX_STREAM_SSL_SRV_CONF
  using Ssl = ngx_stream_ssl_srv_conf_t;
#else
  using Ssl = ngx_stream_ssl_conf_t;
#endif

  static constexpr char kName[] = "stream";

  static const ngx_module_t& own() {
    return ngx_stream_ccm_module;
  }
  const ngx_module_t& core() const {
    return *core_;
  }
  const ngx_module_t& ssl() const {
    return *ssl_;
  }
  bool is_there() const {
    return ssl_ != nullptr;
  }

#if CCM_NGINX_STREAM_SERVER_NAMES
  static std::vector<std::string> names_of(const Server& server) {
    return names_in<ngx_stream_server_name_t>(server.server_names);
  }

  bool has_tls_listener(const Context& context, const Server& server) const {
    auto& conf = *static_cast<PartConf*>(context.main_conf[own().ctx_index]);
    const auto& main = *static_cast<Main*>(context.main_conf[core().ctx_index]);
    return is_tls_server<ngx_stream_conf_port_t, ngx_stream_conf_addr_t>(conf, main.ports, server);
  }
#else
  // This nginx, before 1.25.5, has no server names in stream. It notes `listen ... ssl` in the data
  // of the SSL module.
  static std::vector<std::string> names_of(const Server&) {
    return {};
  }

  bool has_tls_listener(const Context& context, const Server&) const {
    return static_cast<Ssl*>(context.srv_conf[ssl().ctx_index])->listen != 0;
  }
#endif

  // Done as late as possible. If this module was loaded before stream, stream's variables do not
  // exist yet when `preconfiguration` runs.
  bool add_variable(ngx_conf_t* cf) const {
    ngx_str_t name = as_nginx(kInternalVariable);
    ngx_stream_variable_t* variable = add_variable_(cf, &name, NGX_STREAM_VAR_CHANGEABLE);
    if (variable == nullptr) return false;
    variable->get_handler = no_value<ngx_stream_session_t>;
    return true;
  }

 private:
  ngx_module_t* core_ = symbol_of_stream<ngx_module_t>("ngx_stream_core_module");
  ngx_module_t* ssl_ = symbol_of_stream<ngx_module_t>("ngx_stream_ssl_module");
  decltype(ngx_stream_add_variable)* add_variable_ =
      symbol_of_stream<decltype(ngx_stream_add_variable)>("ngx_stream_add_variable");
};

using StreamBinding = Binding<Stream>;

// Our command comes first, then those of other modules, then an empty one.
ngx_command_t stream_commands[1 + kMostOthers] = {
    {ngx_string("ccm_certificate"), NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF | NGX_CONF_ANY,
     StreamBinding::on_directive, NGX_STREAM_SRV_CONF_OFFSET, 0, nullptr},
};

// Runs before the block is read, when all modules are loaded.
ngx_int_t prepare_stream(ngx_conf_t* cf) noexcept {
  watch_others(cf, NGX_STREAM_MODULE, stream_commands, 1, StreamBinding::on_other_directive);
  return NGX_OK;
}

ngx_stream_module_t stream_context = {
    prepare_stream,                     // preconfiguration
    StreamBinding::install_all,         // postconfiguration
    StreamBinding::create_main_conf,    //
    nullptr,                            // init_main_conf
    StreamBinding::create_server_conf,  //
    StreamBinding::merge_server_conf,   //
};

}  // namespace
}  // namespace ccm::nginx

ngx_module_t ngx_stream_ccm_module = {
    NGX_MODULE_V1,
    &ccm::nginx::stream_context,
    ccm::nginx::stream_commands,
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
