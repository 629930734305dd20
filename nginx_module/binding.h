// SPDX-License-Identifier: Apache-2.0
// `ccm_certificate` in http and in stream, which are alike in nginx but have types of their own.
// The common part is here; http.cpp and stream.cpp each have a class with the differences. Called
// while nginx reads its configuration.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "boundary.h"
#include "other_directives.h"
#include "server_binding.h"

namespace ccm::nginx {

// What the module keeps for all servers of http, or of stream.
struct PartConf {
  // The servers with a TLS listener; known once all servers were read.
  std::optional<std::unordered_set<const void*>> tls_servers;
};

// Not every nginx has `listen ... quic`.
template <typename ListenOptions>
bool is_tls(const ListenOptions& options) {
  if constexpr (requires { options.quic; }) {
    if (options.quic != 0) return true;
  }
  return options.ssl != 0;
}

// `ports` come from nginx's core module, whose types have these names in http and in stream.
template <typename Port, typename Address, typename Server>
bool is_tls_server(PartConf& conf, const ngx_array_t* ports, const Server& server) {
  if (conf.tls_servers) return conf.tls_servers->contains(&server);
  conf.tls_servers.emplace();
  for (ngx_uint_t p = 0; ports != nullptr && p < ports->nelts; ++p) {
    const ngx_array_t& addresses = static_cast<const Port*>(ports->elts)[p].addrs;
    for (ngx_uint_t a = 0; a < addresses.nelts; ++a) {
      const auto& address = static_cast<const Address*>(addresses.elts)[a];
      if (!is_tls(address.opt)) continue;
      auto* const* servers = static_cast<Server* const*>(address.servers.elts);
      conf.tls_servers->insert(servers, servers + address.servers.nelts);
    }
  }
  return conf.tls_servers->contains(&server);
}

// `server_name`s as written.
template <typename Name>
std::vector<std::string> names_in(const ngx_array_t& entries) {
  std::vector<std::string> names;
  for (ngx_uint_t i = 0; i < entries.nelts; ++i) {
    const auto& entry = static_cast<const Name*>(entries.elts)[i];
    // A server without names has an empty one.
    if (entry.name.len == 0) continue;
    std::string name = to_string(entry.name);
#if (NGX_PCRE)
    // nginx took the tilde off.
    if (entry.regex != nullptr) name.insert(name.begin(), '~');
#endif
    names.push_back(std::move(name));
  }
  return names;
}

// The handler of the internal variable, which never has a value.
template <typename Request>
ngx_int_t no_value(Request*, ngx_variable_value_t* value, uintptr_t) {
  value->not_found = 1;
  return NGX_OK;
}

// What nginx calls. `Part` is http or stream:
//
//   Context, Main, Server, Ssl   nginx's types: of a configuration, and of what its core and SSL
//                                modules keep
//   kName                        what it is called
//   own(), core(), ssl()         this module in that part, and those two
//   is_there()                   whether nginx has the part, and TLS in it
//   names_of(), has_tls_listener(), add_variable()   as they are used below
template <typename Part>
class Binding {
 public:
  static void* create_main_conf(ngx_conf_t* cf) noexcept { return create_in<PartConf>(cf->pool); }
  static void* create_server_conf(ngx_conf_t* cf) noexcept {
    return create_in<ServerConf>(cf->pool);
  }

  // `ccm_certificate`, on either level.
  static char* on_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return conf_boundary(cf, [&] {
      const Part part;
      if (!part.is_there()) {
        return report(cf, fmt::format("\"ccm_certificate\" in {0} needs nginx's SSL module of {0}",
                                      Part::kName));
      }
      return take_use(cf, *static_cast<ServerConf*>(conf), ssl_fields(cf, part));
    });
  }

  static char* on_other_directive(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return conf_boundary(cf, [&] {
      return take_other(cf, Part::own(), static_cast<ServerConf*>(conf)->written.others);
    });
  }

  static char* merge_server_conf(ngx_conf_t* cf, void* outer, void* server) noexcept {
    return conf_boundary(cf, [&] {
      const Part part;
      if (!part.is_there()) return kConfOk;
      auto& conf = *static_cast<ServerConf*>(server);
      char* result = bind(cf, *static_cast<ServerConf*>(outer), conf, facts_of(cf, part));
      const bool is_bound = result == kConfOk && conf.certificates != nullptr;
      return is_bound && !part.add_variable(cf) ? kConfError : result;
    });
  }

  // After all levels were merged.
  static ngx_int_t install_all(ngx_conf_t* cf) noexcept {
    const Part part;
    if (!part.is_there()) return NGX_OK;
    const auto* main = static_cast<typename Part::Main*>(
        static_cast<typename Part::Context*>(cf->ctx)->main_conf[part.core().ctx_index]);
    auto* const* servers = static_cast<typename Part::Server**>(main->servers.elts);
    for (ngx_uint_t s = 0; s < main->servers.nelts; ++s) {
      void** confs = servers[s]->ctx->srv_conf;
      const auto* ssl = static_cast<typename Part::Ssl*>(confs[part.ssl().ctx_index]);
      install(*static_cast<ServerConf*>(confs[Part::own().ctx_index]), ssl->ssl,
              compression_of(*ssl));
    }
    return NGX_OK;
  }

 private:
  template <typename Conf>
  static Conf* server_conf(ngx_conf_t* cf, const ngx_module_t& module) {
    return static_cast<Conf*>(
        static_cast<typename Part::Context*>(cf->ctx)->srv_conf[module.ctx_index]);
  }

  static SslFields ssl_fields(ngx_conf_t* cf, const Part& part) {
    return ssl_fields_of(*server_conf<typename Part::Ssl>(cf, part.ssl()));
  }

  static ServerFacts facts_of(ngx_conf_t* cf, const Part& part) {
    const auto& server = *server_conf<typename Part::Server>(cf, part.core());
    auto& context = *static_cast<typename Part::Context*>(cf->ctx);
    return {
        .names = Part::names_of(server),
        .origin = make_origin(server.file_name, server.line),
        .ssl = ssl_fields(cf, part),
        .has_tls_listener = part.has_tls_listener(context, server),
    };
  }
};

}  // namespace ccm::nginx
