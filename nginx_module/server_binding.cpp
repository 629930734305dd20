// SPDX-License-Identifier: Apache-2.0
#include "server_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/text.h"
#include "boundary.h"
#include "config/sentences.h"
#include "main_conf.h"

namespace ccm::nginx {
namespace {

bool is_set(ngx_array_t* const* array) {
  return array != nullptr && *array != nullptr &&
         *array != static_cast<ngx_array_t*>(NGX_CONF_UNSET_PTR);
}

bool has_own_certificate(const SslFields& ssl) {
  return is_set(ssl.certificates) || is_set(ssl.keys);
}

// nginx loads such a certificate in each handshake, in the callback that ours replaces.
bool has_variables(const SslFields& ssl) {
  if (!is_set(ssl.certificates)) return false;
  const auto* names = static_cast<const ngx_str_t*>((*ssl.certificates)->elts);
  return std::any_of(names, names + (*ssl.certificates)->nelts, [](const ngx_str_t& name) {
    return std::memchr(name.data, '$', name.len) != nullptr;
  });
}

const config::Origin& uses_origin(const ServerConf& outer, const ServerConf& server) {
  const auto& own = server.written.uses;
  return own.empty() ? outer.written.uses.front().origin : own.front().origin;
}

// The value of a flag once nginx has merged it.
bool is_on(const ngx_flag_t* outer, const ngx_flag_t* own) {
  if (own != nullptr && *own != NGX_CONF_UNSET) return *own == 1;
  return outer != nullptr && *outer == 1;
}

// Why clients of the server are shown no certificate; empty: they are shown one.
std::string why_unseen(const ServerConf& outer, const ServerFacts& facts) {
  if (!facts.has_tls_listener && !is_on(outer.ssl.enable, facts.ssl.enable)) {
    return "there is no \"listen ... ssl\" in its server";
  }
  const bool rejects = is_on(outer.ssl.reject_handshake, facts.ssl.reject_handshake);
  return rejects ? "of \"ssl_reject_handshake on\"" : "";
}

// A one-element array in the configuration's pool.
ngx_array_t* make_array(ngx_pool_t* pool, const std::string& text) {
  ngx_array_t* array = ngx_array_create(pool, 1, sizeof(ngx_str_t));
  auto* bytes = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
  if (array == nullptr || bytes == nullptr) throw std::bad_alloc();
  std::memcpy(bytes, text.c_str(), text.size() + 1);
  // The first push into an array with room for one cannot fail.
  *static_cast<ngx_str_t*>(ngx_array_push(array)) = {text.size(), bytes};
  return array;
}

// nginx makes the session id context from this text, not from the certificate, so sessions stay
// good when the certificate is renewed. OpenSSL compares only the context of the address's default
// server, before it knows the name that the client wants. So a session is not resumed at an address
// with other default certificates, but it may be resumed under another name of the same address, as
// with certificate files.
void fill_arrays(ngx_conf_t* cf, const SslFields& ssl, const server::CertificateSet& certificates) {
  const std::string text =
      fmt::format("ccm:{}:${}", join(certificates.names(), ","), kInternalVariable);
  *ssl.certificates = make_array(cf->pool, text);
  *ssl.keys = make_array(cf->pool, text);
}

}  // namespace

char* take_use(ngx_conf_t* cf, ServerConf& level, const SslFields& ssl) {
  std::vector<std::string> words = words_of(cf);
  words.erase(words.begin());
  level.written.uses.push_back({std::move(words), origin_of(cf)});
  level.ssl = ssl;
  return kConfOk;
}

char* bind(ngx_conf_t* cf, ServerConf& outer, ServerConf& server, ServerFacts facts) {
  outer.written.has_files = has_own_certificate(outer.ssl);
  server.written.has_files = has_own_certificate(facts.ssl);
  auto bound = main_conf_of(cf->cycle).binder.bind({.outer = outer.written,
                                                    .own = server.written,
                                                    .names = std::move(facts.names),
                                                    .origin = std::move(facts.origin),
                                                    .unseen = why_unseen(outer, facts)});
  if (!bound) return report_complete(cf, bound.error().message());
  server.certificates = *bound;
  if (server.certificates == nullptr) return kConfOk;
  if (server.certificates->has_files()) {
    if (!has_variables(outer.ssl) && !has_variables(facts.ssl)) return kConfOk;
    return report_complete(cf, config::at("beside a catalogue \"ssl_certificate\" names files, "
                                          "without variables",
                                          uses_origin(outer, server)));
  }
  fill_arrays(cf, facts.ssl, *server.certificates);
  return kConfOk;
}

void install(const ServerConf& server, const ngx_ssl_t& ssl, server::Compression compression) {
  if (server.certificates == nullptr || ssl.ctx == nullptr) return;
  server.certificates->install(ssl.ctx, compression);
}

}  // namespace ccm::nginx
