// SPDX-License-Identifier: Apache-2.0
#include "tls.h"

#include <string>
#include <vector>

#include "base/clock.h"
#include "boundary.h"
#include "main_conf.h"

namespace ccm::apache {
namespace {

const Site* site_of(const server_rec* server) {
  const MainConf& conf = main_conf_of(server);
  const auto found = conf.sites.find(server);
  return found == conf.sites.end() ? nullptr : &found->second;
}

// For the placeholder's path, which is written differently for each group: "/proc/self/fd/./7".
// mod_ssl lets a request for one virtual host arrive through a connection to another (HTTP/2) only
// when both have the same certificate files, which it tells by their paths.
std::string detour_of(std::size_t group) {
  std::string detour;
  for (; group != 0; group /= 2) detour += group % 2 == 0 ? "/" : "./";
  return detour;
}

// Has the placeholder carry the names of the server, without which mod_ssl warns, and of those for
// which mod_ssl asks next. One for each server would take a third of a start with many; but mod_ssl
// keeps all its names, 150 bytes each, for each of them.
Result<void> make_placeholder(MainConf& conf, const server_rec* server) {
  constexpr std::size_t kEnoughNames = 8;
  if (conf.placeholder_servers.contains(server)) return {};
  conf.placeholder_servers.clear();
  std::vector<std::string> names;
  for (const server_rec* each = server; each != nullptr; each = each->next) {
    const Site* site = site_of(each);
    if (site == nullptr) continue;
    names.insert(names.end(), site->names.begin(), site->names.end());
    conf.placeholder_servers.insert(each);
    if (names.size() >= kEnoughNames) break;
  }
  // mod_ssl reads the file before it asks for the next server's.
  // With SSLUseStapling mod_ssl complains about a certificate whose issuer it does not see.
  using Chain = server::PlaceholderFile::Chain;
  const Chain chain = conf.has_stapling ? Chain::leaf_and_issuer : Chain::leaf;
  auto written = conf.placeholder.write(names, chain, SystemClock().now(),
                                        conf.deployment.config()->global().state_path);
  if (!written) conf.placeholder_servers.clear();
  return written;
}

// Replaces what was inherited from the main server.
void set_only(apr_array_header_t* files, const char* path) {
  apr_array_clear(files);
  *static_cast<const char**>(apr_array_push(files)) = path;
}

}  // namespace

int add_certificate_files(server_rec* server, apr_pool_t* pconf, apr_array_header_t* certificates,
                          apr_array_header_t* keys) noexcept {
  return hook_boundary(DECLINED, [&] {
    const Site* site = site_of(server);
    if (site == nullptr || site->certificates->has_files()) return DECLINED;
    MainConf& conf = main_conf_of(server);
    if (auto written = make_placeholder(conf, server); !written) {
      conf.log.write(Severity::emerg, written.error().message());
      return DECLINED;
    }
    const char* path = apr_pstrdup(pconf, conf.placeholder.path(detour_of(site->group)).c_str());
    set_only(certificates, path);
    set_only(keys, path);
    // No other module, such as mod_md, may add another one.
    return DONE;
  });
}

int take_over_stapling(server_rec* server, apr_pool_t*, X509*, X509*) noexcept {
  return hook_boundary(DECLINED, [&] {
    const Site* site = site_of(server);
    return site == nullptr || site->certificates->has_files() ? DECLINED : OK;
  });
}

int install(server_rec* server, apr_pool_t*, int is_proxy, SSL_CTX* context) noexcept {
  return hook_boundary(HTTP_INTERNAL_SERVER_ERROR, [&] {
    const Site* site = is_proxy != 0 ? nullptr : site_of(server);
    if (site == nullptr) return DECLINED;
    site->certificates->install(context);
    return OK;
  });
}

}  // namespace ccm::apache
