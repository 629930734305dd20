#include "server_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

namespace ccm::apache {
namespace {

using Requests = std::span<const server::CertificateRequest>;

constexpr char kExclusive[] =
    "\"CCMCertificate\" and \"SSLCertificateFile\" exclude each other; remove the "
    "\"SSLCertificateFile\" and \"SSLCertificateKeyFile\" beside it";

// One server as bind() sees it.
struct Server {
  const server_rec* record;
  Requests requests;  // written in it
  Written written;
  bool has_engine;  // on, here or inherited
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

  Result<void> run(const server_rec* main_server);

 private:
  Server look_at(const server_rec* record, bool is_engine_on) const;
  Result<void> check_written(const Server& server) const;
  Result<void> bind_one(const Server& server, Requests requests);
  void add_site(const Server& server, std::vector<std::string> names,
                const std::vector<std::string>& certificates);
  void doubt(std::string_view sentence, const config::Origin& origin) {
    conf_.doubts.push_back(at(sentence, origin));
  }

  MainConf& conf_;
  const ConfigTree& tree_;
  std::map<std::vector<std::string>, std::size_t> groups_;
};

Server Binder::look_at(const server_rec* record, bool is_engine_on) const {
  const auto found = conf_.requests.find(record);
  const Written written = tree_.written_in(record);
  return {record, found == conf_.requests.end() ? Requests() : Requests(found->second), written,
          written.has_engine.value_or(is_engine_on)};
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

void Binder::add_site(const Server& server, std::vector<std::string> names,
                      const std::vector<std::string>& certificates) {
  const std::size_t group = groups_.try_emplace(certificates, groups_.size()).first->second;
  server::CertificateSet& set = conf_.deployment.add_site(certificates);
  conf_.sites[server.record] = {&set, std::move(names), group};
}

Result<void> Binder::bind_one(const Server& server, Requests requests) {
  const bool is_inherited = server.requests.empty();
  std::vector<std::string> names = names_of(server);
  std::vector<std::string> certificates;
  for (server::CertificateRequest request : requests) {
    // An inherited one is wrong only together with this server's names, so the server is the place.
    if (is_inherited) request.origin = origin_of_server(server.record);
    auto used = add_use(conf_.deployment, request, names, certificates);
    if (!used) return used;
  }
  if (!server.has_engine) {
    doubt(fmt::format("nobody is shown the certificate \"{}\" here, because there is no "
                      "\"SSLEngine on\"",
                      certificates[0]),
          requests[0].origin);
  }
  add_site(server, std::move(names), certificates);
  return {};
}

Result<void> Binder::run(const server_rec* main_server) {
  const Server outer = look_at(main_server, false);
  bool is_outer_used = false;
  for (const server_rec* record = main_server; record != nullptr; record = record->next) {
    const Server server = look_at(record, outer.has_engine);
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

Result<void> bind(MainConf& conf, const server_rec* main_server, const ConfigTree& tree) {
  return Binder(conf, tree).run(main_server);
}

}  // namespace ccm::apache
