// SPDX-License-Identifier: Apache-2.0
#include "config_tree.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "boundary.h"

namespace ccm::apache {
namespace {

using Place = std::pair<std::string, int>;  // file and line
using Places = std::map<Place, std::vector<const ap_directive_t*>>;
using Words = std::vector<std::string>;
using Effect = server::OtherDirective::Effect;

bool is(const ap_directive_t& directive, std::string_view name) {
  return equals_ignoring_case(directive.directive, name);
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [word](std::string_view name) { return equals_ignoring_case(word, name); });
}

// mod_ssl's directives that have no effect on our certificates, and whether only "on" matters.
struct Idle {
  std::string_view name;
  bool is_switch;
};
constexpr std::array<Idle, 3> kIdle{
    {{"SSLUseStapling", true}, {"SSLStaplingForceURL", false}, {"SSLCertificateChainFile", false}}};

constexpr std::string_view kFromAgent = "their chains and OCSP responses come from the agent";

server::OtherDirective make_note(std::string name, Effect effect, const ap_directive_t& directive) {
  return {.name = name,
          .text = std::move(name),
          .effect = effect,
          .remark = effect == Effect::idle ? std::string(kFromAgent) : "",
          .origin = origin_of(directive)};
}

// A virtual host's commands add to those of the main server, so a command hides only one of the
// same name.
void note_openssl_command(const ap_directive_t& directive, const Words& words, Written& written) {
  if (words.empty()) return;
  const bool excludes = is_one_of(words[0], {"Certificate", "PrivateKey"});
  if (!excludes && !is_one_of(words[0], {"ChainCAFile", "ChainCAPath"})) return;
  written.level.others.push_back(make_note("SSLOpenSSLConfCmd " + words[0],
                                           excludes ? Effect::excludes : Effect::idle, directive));
}

// `SSLCipherSuite [SSL | TLSv1.3] SUITES`; suites of TLS 1.3 work with every kind of key.
void note_ciphers(const Words& words, Written& written) {
  if (words.size() == 1) written.ciphers = words[0];
  if (words.size() == 2 && equals_ignoring_case(words[0], "SSL")) written.ciphers = words[1];
}

// What decides about session tickets, for servers that share ticket keys.
void note_tickets(const ap_directive_t& directive, const Words& words, Written& written) {
  if (is(directive, "SSLSessionTicketKeyFile")) {
    written.level.others.push_back(
        make_note("SSLSessionTicketKeyFile", Effect::ticket_keys, directive));
  }
  if (!is(directive, "SSLSessionTickets") || words.empty()) return;
  const bool is_off = equals_ignoring_case(words[0], "off");
  auto note = make_note("SSLSessionTickets", is_off ? Effect::no_tickets : Effect::none, directive);
  note.text += " " + words[0];
  written.level.others.push_back(std::move(note));
}

void note(const ap_directive_t& directive, const Words& words, Written& written) {
  if (is(directive, "ServerName")) written.has_name = true;
  if (is(directive, "SSLEngine")) {
    written.has_engine = !words.empty() && !equals_ignoring_case(words[0], "off");
  }
  if (is(directive, "SSLCertificateFile") || is(directive, "SSLCertificateKeyFile")) {
    written.level.has_files = true;
  }
  if (is(directive, "SSLOpenSSLConfCmd")) note_openssl_command(directive, words, written);
  if (is(directive, "SSLCipherSuite")) note_ciphers(words, written);
  if (is(directive, "SSLProtocol")) written.protocols = words;
  note_tickets(directive, words, written);
  for (const Idle& idle : kIdle) {
    if (!is(directive, idle.name)) continue;
    const bool is_on = !idle.is_switch || (!words.empty() && equals_ignoring_case(words[0], "on"));
    written.level.others.push_back(
        make_note(std::string(idle.name), is_on ? Effect::idle : Effect::none, directive));
  }
}

// The virtual hosts of the tree. Several may have one place: a file that is included several times,
// with another meaning of its variables each time.
Places places_of(const ap_directive_t* root) {
  Places places;
  for (const ap_directive_t* each = root; each != nullptr; each = each->next) {
    if (is(*each, "<VirtualHost")) places[{each->filename, each->line_num}].push_back(each);
  }
  return places;
}

bool has_port(const ap_listen_rec& listener, const server_addr_rec& address) {
  return listener.bind_addr != nullptr && listener.bind_addr->port == address.host_port;
}

}  // namespace

ConfigTree::ConfigTree(const ap_directive_t* root, const server_rec* main_server,
                       apr_pool_t* scratch)
    : root_(root), scratch_(scratch) {
  Places places = places_of(root);
  for (const server_rec* each = main_server->next; each != nullptr; each = each->next) {
    if (each->defn_name == nullptr) continue;
    const auto found = places.find({each->defn_name, static_cast<int>(each->defn_line_number)});
    if (found == places.end() || found->second.empty()) continue;
    // httpd puts each virtual host that it reads before those that it read earlier.
    virtual_hosts_[each] = found->second.back()->first_child;
    found->second.pop_back();
  }
}

Written ConfigTree::written_in(const server_rec* server) const {
  const ap_directive_t* first = root_;
  if (server->is_virtual != 0) {
    const auto found = virtual_hosts_.find(server);
    if (found == virtual_hosts_.end()) return {};
    first = found->second;
  }
  Written written;
  for (const ap_directive_t* each = first; each != nullptr; each = each->next) {
    // A section's arguments do not concern us, and may be very long.
    if (each->directive[0] == '<') continue;
    note(*each, words_of(scratch_, each->args), written);
  }
  return written;
}

bool listens_for_https(const server_rec* server) {
  const char* protocol = ap_get_server_protocol(const_cast<server_rec*>(server));
  const auto same_address = [](const ap_listen_rec& listener, const server_addr_rec& address) {
    return has_port(listener, address) &&
           apr_sockaddr_equal(listener.bind_addr, address.host_addr) != 0;
  };
  for (const bool is_exact : {true, false}) {
    for (const server_addr_rec* at = server->addrs; at != nullptr && protocol == nullptr;
         at = at->next) {
      for (const ap_listen_rec* each = ap_listeners; each != nullptr; each = each->next) {
        if (is_exact ? !same_address(*each, *at) : !has_port(*each, *at)) continue;
        protocol = each->protocol;
        break;
      }
    }
  }
  return protocol != nullptr && equals_ignoring_case(protocol, "https");
}

Result<void> switch_tls_on(server_rec* server) {
  apr_pool_t* pool = server->process->pconf;
  module* ssl = ap_find_linked_module("mod_ssl.c");
  const server_rec* main_server = ap_server_conf != nullptr ? ap_server_conf : server;
  // A virtual host without any directive of mod_ssl shares the main server's settings.
  void* inherited = ap_get_module_config(server->module_config, ssl);
  if (inherited == ap_get_module_config(main_server->module_config, ssl)) {
    void* own = ssl->create_server_config(pool, server);
    ap_set_module_config(server->module_config, ssl,
                         ssl->merge_server_config(pool, inherited, own));
  }
  ap_directive_t directive{};
  directive.directive = "SSLEngine";
  directive.args = "on";
  directive.filename = server->defn_name == nullptr ? "" : server->defn_name;
  directive.line_num = static_cast<int>(server->defn_line_number);
  cmd_parms parms{};
  parms.override = RSRC_CONF | OR_ALL;
  parms.limited = -1;
  parms.pool = pool;
  parms.temp_pool = pool;
  parms.server = server;
  const char* problem = ap_walk_config(&directive, &parms, server->lookup_defaults);
  if (problem != nullptr) return fail(ErrorKind::invalid, problem);
  return {};
}

}  // namespace ccm::apache
