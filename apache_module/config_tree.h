// What httpd's configuration tree says about a server that httpd's records do not tell other
// modules: whether mod_ssl is switched on, whether it has certificates of its own, and whether the
// name in the record was written or guessed. The tree holds the active directives only; Include,
// <IfModule>, Define and macros are resolved in it.
//
// Borrows from the tree; for the time while a configuration is judged, in the parent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "ap_api.h"

namespace ccm::apache {

// What was written in one server, nothing inherited.
struct Written {
  bool has_name = false;           // ServerName
  std::optional<bool> has_engine;  // SSLEngine; `optional` (RFC 2817) counts as on
  bool has_certificate = false;    // SSLCertificateFile or …KeyFile
};

class ConfigTree {
 public:
  // `root`: the first directive on the top level.
  ConfigTree(const ap_directive_t* root, apr_pool_t* scratch);

  // Of the main server or a virtual host; nothing for one that does not come from the tree.
  Written written_in(const server_rec* server) const;

 private:
  using Place = std::pair<std::string, int>;  // file and line

  const ap_directive_t* root_;
  apr_pool_t* scratch_;
  std::map<Place, const ap_directive_t*> virtual_hosts_;  // the first directive of each
};

}  // namespace ccm::apache
