// SPDX-License-Identifier: Apache-2.0
#include "tls.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

#include "base/clock.h"
#include "boundary.h"
#include "main_conf.h"

namespace ccm::apache {
namespace {

Site* site_of(const server_rec* server) {
  MainConf& conf = main_conf_of(server);
  const auto found = conf.sites.find(server);
  return found == conf.sites.end() ? nullptr : &found->second;
}

// A server whose certificates are all ours; nullptr: mod_ssl loads some from files.
Site* own_site_of(const server_rec* server) {
  Site* site = site_of(server);
  return site == nullptr || site->certificates->has_files() ? nullptr : site;
}

Result<void> prepare_placeholder(MainConf& conf) {
  if (conf.placeholder == nullptr) {
    auto made = server::ContextPlaceholder::make(SystemClock().now());
    if (!made) return pass(std::move(made));
    conf.placeholder = *std::move(made);
  }
  conf.placeholder->give_to_next();
  return {};
}

// Replaces what was inherited from the main server.
void empty(apr_array_header_t* files) {
  apr_array_clear(files);
  // mod_ssl looks at the first one of an empty list, too.
  *static_cast<const char**>(apr_array_push(files)) = nullptr;
  apr_array_pop(files);
}

// mod_ssl lets a request for one virtual host arrive through a connection to another (HTTP/2) only
// when both have the same certificate files, which it tells by their names. It reads them no more.
void name_certificates(const Site& site, apr_pool_t* pool) {
  if (site.certificate_files == nullptr) return;
  const std::string name = fmt::format("ccm:{}", fmt::join(site.certificates->names(), ","));
  const char* kept = apr_pstrdup(pool, name.c_str());
  *static_cast<const char**>(apr_array_push(site.certificate_files)) = kept;
  *static_cast<const char**>(apr_array_push(site.key_files)) = kept;
}

}  // namespace

// With an empty list mod_ssl takes the certificate that the context has already, as it does with
// "SSLOpenSSLConfCmd Certificate", and reads no file.
int add_certificate_files(server_rec* server, apr_pool_t*, apr_array_header_t* certificates,
                          apr_array_header_t* keys) noexcept {
  return hook_boundary(DECLINED, [&] {
    Site* site = own_site_of(server);
    if (site == nullptr) return DECLINED;
    MainConf& conf = main_conf_of(server);
    if (auto prepared = prepare_placeholder(conf); !prepared) {
      conf.log.write(Severity::emerg, prepared.error().message());
      return DECLINED;
    }
    empty(certificates);
    empty(keys);
    site->certificate_files = certificates;
    site->key_files = keys;
    // No other module, such as mod_md, may add another one.
    return DONE;
  });
}

int add_no_fallback(server_rec* server, apr_pool_t*, apr_array_header_t*,
                    apr_array_header_t*) noexcept {
  return hook_boundary(DECLINED, [&] { return own_site_of(server) == nullptr ? DECLINED : DONE; });
}

int take_over_stapling(server_rec* server, apr_pool_t*, X509*, X509*) noexcept {
  return hook_boundary(DECLINED, [&] { return own_site_of(server) == nullptr ? DECLINED : OK; });
}

int install(server_rec* server, apr_pool_t* pconf, int is_proxy, SSL_CTX* context) noexcept {
  return hook_boundary(HTTP_INTERNAL_SERVER_ERROR, [&] {
    const Site* site = is_proxy != 0 ? nullptr : site_of(server);
    if (site == nullptr) return DECLINED;
    name_certificates(*site, pconf);
    site->certificates->install(context);
    return OK;
  });
}

}  // namespace ccm::apache
