// SPDX-License-Identifier: Apache-2.0
// What nginx needs for a server to show what `ccm_certificate` says, the same in http and stream.
// http.cpp and stream.cpp know where nginx keeps things; server/start/site_binder.h has the rules.
//
// The trick (docs/design/design.md, "Server recipes: nginx"): nginx wants a certificate for every
// TLS server and loads it at once, unless its name contains a variable. So the server's arrays get
// one element with a variable in it; nginx makes an SSL_CTX, loads nothing, and then the callbacks
// of our CertificateSet take its place.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "ngx_api.h"
#include "server/deployment.h"
#include "server/start/site_binder.h"

namespace ccm::nginx {

// Name of the variable without its dollar sign. Internal: it never has a value.
inline constexpr char kInternalVariable[] = "ccm_internal";

// Where nginx's SSL module keeps what was written on one level, before it is merged. A null
// pointer: this version of nginx has no such directive there.
struct SslFields {
  ngx_array_t** certificates = nullptr;
  ngx_array_t** keys = nullptr;
  const ngx_flag_t* enable = nullptr;            // `ssl on`
  const ngx_flag_t* reject_handshake = nullptr;  // `ssl_reject_handshake on`
};

// Fills SslFields from what nginx's SSL module keeps for a level. Which fields that has depends on
// the version, and on whose nginx it is.
template <typename SslConf>
SslFields ssl_fields_of(SslConf& ssl) {
  SslFields fields{.certificates = &ssl.certificates, .keys = &ssl.certificate_keys};
  if constexpr (requires { ssl.enable; }) fields.enable = &ssl.enable;
  if constexpr (requires { ssl.reject_handshake; }) fields.reject_handshake = &ssl.reject_handshake;
  return fields;
}

// Whether `ssl_certificate_compression on` applies, once nginx's SSL module has merged the levels.
template <typename SslConf>
server::Compression compression_of(const SslConf& ssl) {
  if constexpr (requires { ssl.certificate_compression; }) {
    if (ssl.certificate_compression == 1) return server::Compression::on;
  }
  return server::Compression::off;
}

// The module's configuration of one level: http or stream, or a server in it.
struct ServerConf {
  server::Level written;                           // on this level
  SslFields ssl;                                   // of this level; set with the first use
  server::CertificateSet* certificates = nullptr;  // a server that is bound; owned by MainConf
};

struct ServerFacts {
  std::vector<std::string> names;  // server_name, as written
  config::Origin origin;           // of its block
  SslFields ssl;
  bool has_tls_listener = false;
};

// The handler of `ccm_certificate`, for a known level.
char* take_use(ngx_conf_t* cf, ServerConf& level, const SslFields& ssl);

// Merges the outer level into a server's. Must run before nginx's SSL module merges: it sees what
// was written on each level and fills the server's arrays.
char* bind(ngx_conf_t* cf, ServerConf& outer, ServerConf& server, ServerFacts facts);

// To be called after nginx's SSL module has merged: puts the callbacks into the context, if there
// is one.
void install(const ServerConf& server, const ngx_ssl_t& ssl, server::Compression compression);

}  // namespace ccm::nginx
