#include "config_tree.h"

#include <string_view>

#include "base/text.h"
#include "boundary.h"

namespace ccm::apache {
namespace {

bool is(const ap_directive_t& directive, std::string_view name) {
  return equals_ignoring_case(directive.directive, name);
}

}  // namespace

ConfigTree::ConfigTree(const ap_directive_t* root, apr_pool_t* scratch)
    : root_(root), scratch_(scratch) {
  for (const ap_directive_t* each = root; each != nullptr; each = each->next) {
    if (!is(*each, "<VirtualHost")) continue;
    virtual_hosts_[{each->filename, each->line_num}] = each->first_child;
  }
}

Written ConfigTree::written_in(const server_rec* server) const {
  const ap_directive_t* first = root_;
  if (server->is_virtual != 0) {
    const auto found =
        server->defn_name == nullptr
            ? virtual_hosts_.end()
            : virtual_hosts_.find({server->defn_name, static_cast<int>(server->defn_line_number)});
    if (found == virtual_hosts_.end()) return {};
    first = found->second;
  }
  Written written;
  for (const ap_directive_t* each = first; each != nullptr; each = each->next) {
    if (is(*each, "ServerName")) written.has_name = true;
    if (is(*each, "SSLEngine")) {
      const auto words = words_of(scratch_, each->args);
      written.has_engine = !words.empty() && !equals_ignoring_case(words[0], "off");
    }
    if (is(*each, "SSLCertificateFile") || is(*each, "SSLCertificateKeyFile")) {
      written.has_certificate = true;
    }
  }
  return written;
}

}  // namespace ccm::apache
