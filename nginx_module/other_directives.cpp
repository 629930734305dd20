// SPDX-License-Identifier: Apache-2.0
#include "other_directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "boundary.h"
#include "server/tls/compression.h"

namespace ccm::nginx {
namespace {

using Arguments = std::vector<std::string>;

using Effect = server::OtherDirective::Effect;

struct Row {
  std::string_view name;
  Effect effect;
  bool (*applies)(const Arguments& arguments);
  std::string_view remark;
};

bool always(const Arguments&) {
  return true;
}

bool is_switched_on(const Arguments& arguments) {
  return !arguments.empty() && !equals_ignoring_case(arguments[0], "off");
}

bool is_switched_off(const Arguments& arguments) {
  return !is_switched_on(arguments);
}

// OpenSSL's commands that load a certificate or its key.
bool loads_a_certificate(const Arguments& arguments) {
  return !arguments.empty() && (equals_ignoring_case(arguments[0], "Certificate") ||
                                equals_ignoring_case(arguments[0], "PrivateKey"));
}

bool is_impossible(const Arguments& arguments) {
  return is_switched_on(arguments) && !server::can_compress_certificates();
}

constexpr std::string_view kForLua =
    "move the lua code into the servers that have an \"ssl_certificate\" of their own";
constexpr std::string_view kStapled =
    "the agent fetches the OCSP responses of these certificates, and they are stapled without it";

constexpr std::array<Row, 13> kRows{{
    {"ssl_certificate_by_lua", Effect::excludes, always, kForLua},
    {"ssl_certificate_by_lua_block", Effect::excludes, always, kForLua},
    {"ssl_certificate_by_lua_file", Effect::excludes, always, kForLua},
    {"ssl_conf_command", Effect::excludes, loads_a_certificate, {}},
    {"ssl_certificate_cache", Effect::idle, is_switched_on,
     "these certificates are in memory already"},
    {"ssl_certificate_compression", Effect::idle, is_impossible,
     "the OpenSSL that nginx runs with does not compress certificates"},
    {"ssl_password_file", Effect::idle, always, "the keys of these certificates have no password"},
    {"ssl_session_ticket_key", Effect::ticket_keys, always, {}},
    {"ssl_session_tickets", Effect::no_tickets, is_switched_off, {}},
    {"ssl_stapling", Effect::idle, is_switched_on, kStapled},
    {"ssl_stapling_file", Effect::idle, always, kStapled},
    {"ssl_stapling_responder", Effect::idle, always, kStapled},
    {"ssl_stapling_verify", Effect::idle, is_switched_on, kStapled},
}};
static_assert(kRows.size() < kMostOthers);

const Row& row_of(std::string_view name) {
  return *std::find_if(kRows.begin(), kRows.end(),
                       [name](const Row& row) { return row.name == name; });
}

bool is(const ngx_str_t& text, std::string_view name) {
  return text.len == name.size() && std::memcmp(text.data, name.data(), name.size()) == 0;
}

struct Found {
  const ngx_module_t* module;
  ngx_command_t* command;
};

// The command of the first module that has one, as nginx itself looks for it. `context`: where it
// must be allowed; 0: anywhere.
Found find_command(const ngx_conf_t* cf, ngx_uint_t module_type, std::string_view name,
                   ngx_uint_t context, const ngx_module_t* but_not) {
  for (ngx_module_t** each = cf->cycle->modules; *each != nullptr; ++each) {
    const ngx_module_t* module = *each;
    if (module == but_not || module->type != module_type || module->commands == nullptr) continue;
    for (ngx_command_t* command = module->commands; command->name.len != 0; ++command) {
      const bool is_allowed = context == 0 || (command->type & context) != 0;
      if (is_allowed && is(command->name, name)) return {module, command};
    }
  }
  return {nullptr, nullptr};
}

// The directive as it was written, and what it means. A command of OpenSSL is shown with its name,
// a switch with its value.
server::OtherDirective make_note(const std::string& name, const Arguments& arguments,
                                 config::Origin origin) {
  const Row& row = row_of(name);
  const bool shows_value =
      !arguments.empty() && (name == "ssl_conf_command" || row.effect == Effect::no_tickets);
  return {.name = name,
          .text = shows_value ? fmt::format("{} {}", name, arguments[0]) : name,
          .effect = row.applies(arguments) ? row.effect : Effect::none,
          .remark = std::string(row.remark),
          .origin = std::move(origin)};
}

}  // namespace

char* take_other(ngx_conf_t* cf, const ngx_module_t& self,
                 std::vector<server::OtherDirective>& notes) {
  std::vector<std::string> words = words_of(cf);
  const std::string name = words[0];
  words.erase(words.begin());
  notes.push_back(make_note(name, words, origin_of(cf)));

  const Found found = find_command(cf, cf->module_type, name, cf->cmd_type, &self);
  if (found.command == nullptr) {
    return report(cf, fmt::format("\"{}\" directive is not allowed here", name));
  }
  // As in nginx's ngx_conf_handler, for a directive of a server or of the level around it.
  auto** confs = *reinterpret_cast<void***>(static_cast<char*>(cf->ctx) + found.command->conf);
  void* conf = confs == nullptr ? nullptr : confs[found.module->ctx_index];
  return found.command->set(cf, found.command, conf);
}

void watch_others(const ngx_conf_t* cf, ngx_uint_t module_type, std::span<ngx_command_t> table,
                  std::size_t own, char* (*handler)(ngx_conf_t*, ngx_command_t*, void*)) {
  // Cleared first, so that no command of an earlier configuration is left.
  std::fill(table.begin() + static_cast<std::ptrdiff_t>(own), table.end(), ngx_command_t{});
  for (const Row& row : kRows) {
    const Found found = find_command(cf, module_type, row.name, 0, nullptr);
    // The handler gets this module's data of the level that our own directive would get.
    if (found.command == nullptr || found.command->conf != table[0].conf) continue;
    // The same number of arguments and the same places, because nginx checks both before it calls a
    // handler.
    table[own++] = {
        as_nginx(row.name), found.command->type, handler, found.command->conf, 0, nullptr};
  }
}

}  // namespace ccm::nginx
