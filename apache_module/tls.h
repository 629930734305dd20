// SPDX-License-Identifier: Apache-2.0
// What mod_ssl asks and tells while it sets up the servers for which SSLEngine is on.
//
// The trick (docs/design/design.md, "Server recipes: Apache httpd"): mod_ssl refuses a server
// without a certificate before it calls anybody, so its SSL_CTX has a placeholder from the
// beginning (server/tls/context_placeholder.h). When the SSL_CTX is ready, the callbacks of our
// CertificateSet take the placeholder's place. mod_ssl changes to another virtual host's SSL_CTX
// when the client named one, and OpenSSL takes over the callbacks of that.
#pragma once

#include "ap_api.h"

namespace ccm::apache {

// post_config of mod_ssl, in both passes over the configuration:
int add_certificate_files(server_rec* server, apr_pool_t* pconf, apr_array_header_t* certificates,
                          apr_array_header_t* keys) noexcept;
// Neither SSLUseStapling nor mod_md's MDStapling has anything to do for the placeholder; our own
// callback staples.
int take_over_stapling(server_rec* server, apr_pool_t* pconf, const char* id, apr_size_t id_size,
                       const char* pem) noexcept;
int install(server_rec* server, apr_pool_t* pconf, int is_proxy, SSL_CTX* context) noexcept;

}  // namespace ccm::apache
