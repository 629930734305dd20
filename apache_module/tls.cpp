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

// Replaces what was inherited from the main server by entries without a file, which mod_ssl leaves
// out. One more than before: then mod_ssl also forgets its SSLCertificateChainFile.
void blank(apr_array_header_t* files) {
  const int count = files->nelts + 1;
  apr_array_clear(files);
  for (int i = 0; i < count; ++i) *static_cast<const char**>(apr_array_push(files)) = nullptr;
}

void set_only(apr_array_header_t* files, const char* name) {
  apr_array_clear(files);
  *static_cast<const char**>(apr_array_push(files)) = name;
}

// mod_ssl lets a request for one virtual host arrive through a connection to another (HTTP/2) only
// when both have the same certificate files, which it tells by their names. It reads them no more.
void name_certificates(const Site& site, apr_pool_t* pool) {
  if (site.certificate_files == nullptr) return;
  const std::string name = fmt::format("ccm:{}", fmt::join(site.certificates->names(), ","));
  const char* kept = apr_pstrdup(pool, name.c_str());
  set_only(site.certificate_files, kept);
  set_only(site.key_files, kept);
}

}  // namespace

// Without a file mod_ssl takes the certificate that the context has already, as it does with
// "SSLOpenSSLConfCmd Certificate".
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
    blank(certificates);
    blank(keys);
    site->certificate_files = certificates;
    site->key_files = keys;
    // No other module, such as mod_md, may add another one.
    return DONE;
  });
}

int take_over_stapling(server_rec* server, apr_pool_t*, const char*, apr_size_t,
                       const char*) noexcept {
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
