// SPDX-License-Identifier: Apache-2.0
#include "server_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>

#include "base/text.h"
#include "boundary.h"
#include "main_conf.h"

namespace ccm::nginx {
namespace {

constexpr char kExclusive[] =
    "\"ccm_certificate\" and \"ssl_certificate\" exclude each other; remove \"ssl_certificate\" "
    "and "
    "\"ssl_certificate_key\" beside the \"ccm_certificate\"";

constexpr char kNameless[] =
    "this server has no name that a certificate can carry, so it refuses TLS handshakes; give it "
    "names, a \"ccm_certificate\" of its own with names=..., or \"ssl_reject_handshake on\"";

bool is_set(ngx_array_t* const* array) {
  return array != nullptr && *array != nullptr &&
         *array != static_cast<ngx_array_t*>(NGX_CONF_UNSET_PTR);
}

bool has_own_certificate(const SslFields& ssl) {
  return is_set(ssl.certificates) || is_set(ssl.keys);
}

// A flag as nginx is going to merge it.
bool is_on(const ngx_flag_t* outer, const ngx_flag_t* own) {
  if (own != nullptr && *own != NGX_CONF_UNSET) return *own == 1;
  return outer != nullptr && *outer == 1;
}

bool speaks_tls(const ServerConf& outer, const ServerFacts& facts) {
  return facts.has_tls_listener || is_on(outer.ssl.enable, facts.ssl.enable);
}

bool rejects_handshakes(const ServerConf& outer, const ServerFacts& facts) {
  return is_on(outer.ssl.reject_handshake, facts.ssl.reject_handshake);
}

// What the server is to use: its own requests, or the outer level's unless it needs none.
std::span<const server::CertificateRequest> requests_for(const ServerConf& outer,
                                                         const ServerConf& server,
                                                         const ServerFacts& facts) {
  if (!server.requests.empty()) return server.requests;
  if (!speaks_tls(outer, facts) || rejects_handshakes(outer, facts) ||
      has_own_certificate(facts.ssl))
    return {};
  return outer.requests;
}

// A one-element array in the configuration's pool.
ngx_array_t* make_array(ngx_pool_t* pool, const std::string& text) {
  ngx_array_t* array = ngx_array_create(pool, 1, sizeof(ngx_str_t));
  auto* bytes = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
  if (array == nullptr || bytes == nullptr) throw std::bad_alloc();
  std::memcpy(bytes, text.c_str(), text.size() + 1);
  // The first push into an array made for one cannot fail.
  *static_cast<ngx_str_t*>(ngx_array_push(array)) = {text.size(), bytes};
  return array;
}

// nginx makes the session id context from this text, so that a session of one certificate is never
// resumed under another, and stays good when the certificate is renewed.
void fill_arrays(ngx_conf_t* cf, const SslFields& ssl, const std::vector<std::string>& names) {
  const std::string text = fmt::format("ccm:{}:${}", join(names, ","), kInternalVariable);
  *ssl.certificates = make_array(cf->pool, text);
  *ssl.keys = make_array(cf->pool, text);
}

// Adds the certificate that one request stands for to the server's names.
Result<void> add_use(server::Deployment& deployment, const server::CertificateRequest& request,
                     const ServerFacts& facts, std::vector<std::string>& names) {
  auto name = deployment.settings().use(request.arguments, facts.names, request.origin);
  if (!name) return fail_with(std::move(name), "\"ccm_certificate\"");
  return deployment.add_once(*std::move(name), names);
}

bool has_both(const ServerConf& level, const SslFields& ssl) {
  return !level.requests.empty() && has_own_certificate(ssl);
}

void doubt(MainConf& main, std::string_view sentence, const config::Origin& origin,
           Severity severity = Severity::warn) {
  main.doubts.emplace_back(severity,
                           fmt::format("{} in {}:{}", sentence, origin.file, origin.line));
}

// Why nobody may ever see the certificate that was asked for here.
void doubt_audience(MainConf& main, const ServerConf& outer, const ServerFacts& facts,
                    const config::Origin& origin, const std::string& name) {
  if (!speaks_tls(outer, facts)) {
    doubt(main,
          fmt::format("no server shows the certificate \"{}\" here: there is no \"listen ... ssl\" "
                      "in its server",
                      name),
          origin);
  } else if (rejects_handshakes(outer, facts)) {
    doubt(main,
          fmt::format("nobody is shown the certificate \"{}\" here, because of "
                      "\"ssl_reject_handshake on\"",
                      name),
          origin);
  }
}

void doubt_idle(MainConf& main, const Verdict& verdict) {
  for (const OtherDirective& idle : verdict.idle) {
    if (!main.idle_directives.insert(idle.name).second) continue;
    main.doubts.emplace_back(Severity::warn, sentence_about_idle(idle));
  }
}

}  // namespace

char* take_request(ngx_conf_t* cf, ServerConf& level, const SslFields& ssl) {
  std::vector<std::string> words = words_of(cf);
  words.erase(words.begin());
  level.requests.push_back({std::move(words), origin_of(cf)});
  level.ssl = ssl;
  return kConfOk;
}

char* bind(ngx_conf_t* cf, const ServerConf& outer, ServerConf& server, const ServerFacts& facts) {
  if (has_both(outer, outer.ssl)) return report_at(cf, kExclusive, outer.requests[0].origin);
  if (has_both(server, facts.ssl)) return report_at(cf, kExclusive, server.requests[0].origin);

  MainConf& main = main_conf_of(cf->cycle);
  const bool is_inherited = server.requests.empty();
  bool is_nameless = false;
  std::vector<std::string> names;
  for (server::CertificateRequest request : requests_for(outer, server, facts)) {
    if (!main.first_use) main.first_use = request.origin;
    if (is_inherited && config::Settings::lacks_names(request.arguments, facts.names)) {
      is_nameless = true;
      continue;
    }
    // An inherited one is wrong only together with this server's names, so the server is the place.
    if (is_inherited) request.origin = facts.origin;
    auto used = add_use(main.deployment, request, facts, names);
    if (!used) return report_at(cf, used.error().message(), request.origin);
  }
  if (names.empty() && !is_nameless) return kConfOk;
  const Verdict verdict = judge_others(outer.others, server.others);
  if (!verdict.conflict.empty()) return report_at(cf, verdict.conflict, verdict.conflict_origin);
  doubt_idle(main, verdict);
  if (names.empty()) doubt(main, kNameless, facts.origin, Severity::notice);
  if (!is_inherited) doubt_audience(main, outer, facts, server.requests[0].origin, names[0]);
  fill_arrays(cf, facts.ssl, names);
  server.certificates =
      &main.deployment.add_site(names, is_inherited ? facts.origin : server.requests[0].origin);
  return kConfOk;
}

void install(const ngx_cycle_t* cycle, const ServerConf& server, const ngx_ssl_t& ssl,
             server::Compression compression) {
  if (server.certificates == nullptr || ssl.ctx == nullptr) return;
  main_conf_of(cycle).deployment.set_reach(*server.certificates, server::reach_of(ssl.ctx));
  server.certificates->install(ssl.ctx, compression);
}

}  // namespace ccm::nginx
