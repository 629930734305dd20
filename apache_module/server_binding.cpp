// SPDX-License-Identifier: Apache-2.0
#include "server_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/text.h"

namespace ccm::apache {
namespace {

using Requests = std::span<const server::CertificateRequest>;

constexpr char kExclusive[] =
    "\"CCMCertificate\" and \"SSLCertificateFile\" exclude each other; remove the "
    "\"SSLCertificateFile\" and \"SSLCertificateKeyFile\" beside it";

constexpr char kNameless[] =
    "this server has no ServerName that a certificate can carry, so it refuses TLS handshakes; "
    "give "
    "it one, or a \"CCMCertificate\" of its own with names=...";

// One server as bind() sees it.
struct Server {
  server_rec* record;
  Requests requests;  // written in it
  Written written;
  bool has_engine;   // on, here or inherited, or by what it listens to
  bool is_listener;  // by what it listens to alone
};

Failure fail_at(std::string_view sentence, const config::Origin& origin) {
  return fail(ErrorKind::invalid, at(sentence, origin));
}

void add_names(const apr_array_header_t* from, std::vector<std::string>& names) {
  if (from == nullptr) return;
  const auto* elements = reinterpret_cast<const char* const*>(from->elts);
  names.insert(names.end(), elements, elements + from->nelts);
}

// A name that httpd guessed is no name to ask a certificate for.
std::vector<std::string> names_of(const Server& server) {
  std::vector<std::string> names;
  if (server.written.has_name && server.record->server_hostname != nullptr) {
    names.emplace_back(server.record->server_hostname);
  }
  add_names(server.record->names, names);
  add_names(server.record->wild_names, names);
  return names;
}

config::Origin origin_of_server(const server_rec* server) {
  return {server->defn_name == nullptr ? "" : server->defn_name, server->defn_line_number};
}

// Adds the certificate that one request stands for to those of the server.
Result<void> add_use(server::Deployment& deployment, const server::CertificateRequest& request,
                     const std::vector<std::string>& server_names,
                     std::vector<std::string>& certificates) {
  auto name = deployment.settings().use(request.arguments, server_names, request.origin);
  if (!name) {
    return fail_at(fmt::format("CCMCertificate: {}", name.error().message()), request.origin);
  }
  auto added = deployment.add_once(*std::move(name), certificates);
  return added ? added : Result<void>(fail_at(added.error().message(), request.origin));
}

class Binder {
 public:
  Binder(MainConf& conf, const ConfigTree& tree) : conf_(conf), tree_(tree) {}

  Result<void> run(server_rec* main_server);

 private:
  Server look_at(server_rec* record, std::optional<bool> inherited_engine) const;
  Result<void> check_written(const Server& server) const;
  Result<void> check_others(const Server& server, const Written& outer);
  server::Reach reach_of(const Server& server) const;
  void doubt_idle(const Written& written, const Written& hidden_by);
  Result<void> bind_one(const Server& server, Requests requests);
  void add_site(const Server& server, std::vector<std::string> names,
                const std::vector<std::string>& certificates, const config::Origin& origin);
  void notice(std::string_view sentence, const config::Origin& origin) {
    conf_.doubts.emplace_back(Severity::notice, at(sentence, origin));
  }
  void doubt(std::string_view sentence, const config::Origin& origin) {
    conf_.doubts.emplace_back(Severity::warn, at(sentence, origin));
  }

  MainConf& conf_;
  const ConfigTree& tree_;
  std::map<std::vector<std::string>, std::size_t> groups_;
  Written outer_;               // what the main server says
  std::set<std::string> idle_;  // directives that were doubted already
};

// mod_ssl: SSLEngine here, else that of the main server, else what the listener is for.
Server Binder::look_at(server_rec* record, std::optional<bool> inherited_engine) const {
  const auto found = conf_.requests.find(record);
  const Written written = tree_.written_in(record);
  const std::optional<bool> engine = written.has_engine ? written.has_engine : inherited_engine;
  const bool is_listener = !engine && listens_for_https(record);
  return {record, found == conf_.requests.end() ? Requests() : Requests(found->second), written,
          engine.value_or(is_listener), is_listener};
}

Result<void> Binder::check_written(const Server& server) const {
  if (server.requests.empty()) return {};
  const config::Origin& origin = server.requests[0].origin;
  if (server.written.has_certificate) return fail_at(kExclusive, origin);
  if (ap_find_linked_module("mod_ssl.c") == nullptr) {
    return fail_at("\"CCMCertificate\" needs mod_ssl; load it with \"LoadModule ssl_module\"",
                   origin);
  }
  return {};
}

void Binder::doubt_idle(const Written& written, const Written& hidden_by) {
  for (const OtherDirective& note : written.idle) {
    const bool is_hidden = std::any_of(hidden_by.idle.begin(), hidden_by.idle.end(),
                                       [&](const auto& other) { return other.name == note.name; });
    if (!note.is_on || is_hidden || !idle_.insert(note.name).second) continue;
    doubt(
        fmt::format("\"{}\" has no effect on the certificates of \"CCMCertificate\": their chains "
                    "and OCSP responses come from the agent",
                    note.name),
        note.origin);
  }
}

// What mod_ssl was told about this server that contradicts its certificates, or means nothing for
// them. OpenSSL's commands of the main server are in force in virtual hosts as well.
Result<void> Binder::check_others(const Server& server, const Written& outer) {
  for (const Written* level : {&server.written, &outer}) {
    if (level->conflicts.empty()) continue;
    const OtherDirective& first = level->conflicts[0];
    return fail_at(
        fmt::format("\"CCMCertificate\" and \"{0}\" exclude each other; remove the \"{0}\"",
                    first.name),
        first.origin);
  }
  doubt_idle(server.written, {});
  if (server.record->is_virtual != 0) doubt_idle(outer, server.written);
  return {};
}

// Which versions of TLS mod_ssl offers: SSLProtocol's words are applied from left to right.
server::Reach Binder::reach_of(const Server& server) const {
  const auto& words =
      server.written.protocols.empty() ? outer_.protocols : server.written.protocols;
  constexpr std::array<std::string_view, 4> kVersions{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
  std::array<bool, kVersions.size()> offered{true, true, true, true};
  for (std::string_view word : words) {
    const bool is_sum = word.starts_with('+') || word.starts_with('-');
    const bool is_added = !word.starts_with('-');
    if (is_sum) word.remove_prefix(1);
    if (!is_sum) offered = {};
    for (std::size_t i = 0; i < kVersions.size(); ++i) {
      const bool is_meant =
          equals_ignoring_case(word, "all") || equals_ignoring_case(word, kVersions[i]);
      if (is_meant) offered[i] = is_added;
    }
  }
  const bool has_older = offered[0] || offered[1] || offered[2];
  const auto& ciphers = server.written.ciphers ? server.written.ciphers : outer_.ciphers;
  return server::reach_of(ciphers.value_or(""), has_older, offered.back());
}

void Binder::add_site(const Server& server, std::vector<std::string> names,
                      const std::vector<std::string>& certificates, const config::Origin& origin) {
  const std::size_t group = groups_.try_emplace(certificates, groups_.size()).first->second;
  server::CertificateSet& set = conf_.deployment.add_site(certificates, origin);
  conf_.deployment.set_reach(set, reach_of(server));
  conf_.sites[server.record] = {&set, std::move(names), group};
}

Result<void> Binder::bind_one(const Server& server, Requests requests) {
  const bool is_inherited = server.requests.empty();
  std::vector<std::string> names = names_of(server);
  std::vector<std::string> certificates;
  for (server::CertificateRequest request : requests) {
    if (is_inherited && config::Settings::lacks_names(request.arguments, names)) continue;
    // An inherited one is wrong only together with this server's names, so the server is the place.
    if (is_inherited) request.origin = origin_of_server(server.record);
    auto used = add_use(conf_.deployment, request, names, certificates);
    if (!used) return used;
  }
  if (auto checked = check_others(server, outer_); !checked) return checked;
  const config::Origin origin = is_inherited ? origin_of_server(server.record) : requests[0].origin;
  if (certificates.empty()) notice(kNameless, origin);
  if (!server.has_engine) {
    doubt(fmt::format("nobody is shown the certificate \"{}\" here, because there is no "
                      "\"SSLEngine on\"",
                      certificates[0]),
          origin);
  }
  add_site(server, std::move(names), certificates, origin);
  if (!server.is_listener) return {};
  auto switched = switch_tls_on(server.record);
  return switched ? switched : Result<void>(fail_at(switched.error().message(), origin));
}

Result<void> Binder::run(server_rec* main_server) {
  const Server outer = look_at(main_server, std::nullopt);
  outer_ = outer.written;
  bool is_outer_used = false;
  for (server_rec* record = main_server; record != nullptr; record = record->next) {
    const Server server = look_at(record, outer_.has_engine);
    if (auto checked = check_written(server); !checked) return checked;
    // What is written in the main server may be meant for the virtual hosts only.
    const bool inherits = server.has_engine && !server.written.has_certificate;
    Requests requests = record == main_server ? Requests() : server.requests;
    if (requests.empty() && inherits) {
      requests = outer.requests;
      is_outer_used = true;
    }
    if (requests.empty()) continue;
    if (auto bound = bind_one(server, requests); !bound) return bound;
  }
  if (!outer.requests.empty() && !is_outer_used) {
    doubt("nobody is shown this certificate, because no server needs it that has \"SSLEngine on\"",
          outer.requests[0].origin);
  }
  return {};
}

}  // namespace

Result<void> bind(MainConf& conf, server_rec* main_server, const ConfigTree& tree) {
  return Binder(conf, tree).run(main_server);
}

}  // namespace ccm::apache
