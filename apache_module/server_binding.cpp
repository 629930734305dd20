// SPDX-License-Identifier: Apache-2.0
#include "server_binding.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "config/sentences.h"

namespace ccm::apache {
namespace {

constexpr char kNoEngine[] = "there is no \"SSLEngine on\"";
constexpr char kUnused[] =
    "nobody is shown this certificate, because no server needs it that has \"SSLEngine on\"";

// One server as bind() sees it.
struct Server {
  server_rec* record;
  Written written;
  bool has_engine;   // on, here or inherited, or by what it listens to
  bool is_listener;  // by what it listens to alone
};

Failure fail_at(std::string sentence, const config::Origin& origin) {
  return fail(ErrorKind::invalid, config::at(std::move(sentence), origin));
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

Result<void> check_mod_ssl(const Server& server) {
  const auto& uses = server.written.level.uses;
  if (uses.empty() || ap_find_linked_module("mod_ssl.c") != nullptr) return {};
  return fail_at("\"CCMCertificate\" needs mod_ssl; load it with \"LoadModule ssl_module\"",
                 uses[0].origin);
}

class Binder {
 public:
  Binder(MainConf& conf, const ConfigTree& tree) : conf_(conf), tree_(tree) {}

  Result<void> run(server_rec* main_server);

 private:
  Server look_at(server_rec* record, std::optional<bool> inherited_engine) const;
  server::Reach reach_of(const Server& server);
  Result<void> bind_main(const Server& server);
  Result<void> bind_one(const Server& server);
  Result<void> add_site(const Server& server, server::CertificateSet& certificates);

  MainConf& conf_;
  const ConfigTree& tree_;
  // By suites and versions. OpenSSL takes a millisecond to tell, and most servers are alike.
  std::map<std::tuple<std::string, bool, bool>, server::Reach> reaches_;
  Written outer_;  // what the main server says
};

// mod_ssl: SSLEngine here, else that of the main server, else what the listener is for.
Server Binder::look_at(server_rec* record, std::optional<bool> inherited_engine) const {
  Written written = tree_.written_in(record);
  const auto found = conf_.uses.find(record);
  if (found != conf_.uses.end()) written.level.uses = found->second;
  const std::optional<bool> engine = written.has_engine ? written.has_engine : inherited_engine;
  const bool is_listener = !engine && listens_for_https(record);
  return {record, std::move(written), engine.value_or(is_listener), is_listener};
}

// Which versions of TLS mod_ssl offers: SSLProtocol's words are applied from left to right.
server::Reach Binder::reach_of(const Server& server) {
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
  const auto [known, is_new] =
      reaches_.try_emplace({ciphers.value_or(""), has_older, offered.back()});
  if (is_new) known->second = server::reach_of(ciphers.value_or(""), has_older, offered.back());
  return known->second;
}

Result<void> Binder::add_site(const Server& server, server::CertificateSet& certificates) {
  certificates.set_reach(reach_of(server));
  conf_.sites[server.record] = {.certificates = &certificates};
  return server.is_listener ? switch_tls_on(server.record) : Result<void>();
}

Result<void> Binder::bind_one(const Server& server) {
  if (auto checked = check_mod_ssl(server); !checked) return checked;
  const config::Origin origin = origin_of_server(server.record);
  std::vector<std::string> names = names_of(server);
  auto bound = conf_.binder.bind({.outer = outer_.level,
                                  .own = server.written.level,
                                  .names = names,
                                  .origin = origin,
                                  .unseen = server.has_engine ? "" : kNoEngine});
  if (!bound) return pass(std::move(bound));
  if (*bound == nullptr) return {};
  auto added = add_site(server, **bound);
  if (added) return added;
  const auto& uses = server.written.level.uses;
  return fail_at(added.error().message(), uses.empty() ? origin : uses[0].origin);
}

Result<void> Binder::bind_main(const Server& server) {
  if (server.has_engine) return bind_one(server);
  // What is written in it is meant for the virtual hosts only.
  if (auto checked = check_mod_ssl(server); !checked) return checked;
  return conf_.binder.check(server.written.level);
}

Result<void> Binder::run(server_rec* main_server) {
  const Server outer = look_at(main_server, std::nullopt);
  outer_ = outer.written;
  bool is_outer_used = outer.has_engine;
  if (auto bound = bind_main(outer); !bound) return bound;
  for (server_rec* record = main_server->next; record != nullptr; record = record->next) {
    const Server server = look_at(record, outer_.has_engine);
    const server::Level& own = server.written.level;
    is_outer_used |= server.has_engine && own.uses.empty() && !own.has_files;
    if (auto bound = bind_one(server); !bound) return bound;
  }
  const auto& uses = outer_.level.uses;
  if (!uses.empty() && !is_outer_used) {
    conf_.deployment.doubt(Severity::warn, config::at(kUnused, uses[0].origin));
  }
  return {};
}

}  // namespace

Result<void> bind(MainConf& conf, server_rec* main_server, const ConfigTree& tree) {
  return Binder(conf, tree).run(main_server);
}

}  // namespace ccm::apache
