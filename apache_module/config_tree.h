// SPDX-License-Identifier: Apache-2.0
// What httpd's configuration tree says about a server and httpd's records hide from other modules:
// whether mod_ssl is on, whether the server has certificates of its own, and whether the name in
// the record was written or guessed. The tree holds only active directives; Include, <IfModule>,
// Define and macros are resolved in it.
//
// Borrows from the tree while a configuration is judged, in the parent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ap_api.h"
#include "base/result.h"
#include "server/start/site_binder.h"

namespace ccm::apache {

// What was written in one server, nothing inherited.
struct Written {
  server::Level level;                 // but for `uses`, which httpd hands over (directives.h)
  bool has_name = false;               // ServerName
  std::optional<bool> has_engine;      // SSLEngine; `optional` (RFC 2817) counts as on
  std::optional<std::string> ciphers;  // SSLCipherSuite for TLS 1.2 and older
  std::vector<std::string> protocols;  // the words of SSLProtocol
};

class ConfigTree {
 public:
  // `root`: the first directive on the top level.
  ConfigTree(const ap_directive_t* root, const server_rec* main_server, apr_pool_t* scratch);

  // Of the main server or a virtual host; empty for a server that does not come from the tree.
  Written written_in(const server_rec* server) const;

 private:
  const ap_directive_t* root_;
  apr_pool_t* scratch_;
  std::map<const server_rec*, const ap_directive_t*> virtual_hosts_;  // the first directive of each
};

// Whether `Listen PORT https` makes mod_ssl serve the virtual host without an SSLEngine. httpd
// decides it by the same rule (ap_setup_listeners), but later, and not at all under `httpd -t`.
bool listens_for_https(const server_rec* server);

// Switches mod_ssl on for a virtual host, as `SSLEngine on` in it would. Behind `Listen PORT https`
// mod_ssl switches itself on only for a host with an SSLCertificateFile. To be called after the
// configuration was read and before mod_ssl's post_config. The error is mod_ssl's sentence when it
// refuses.
Result<void> switch_tls_on(server_rec* server);

}  // namespace ccm::apache
