// SPDX-License-Identifier: Apache-2.0
#include "other_directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/text.h"
#include "boundary.h"
#include "server/compression.h"

namespace ccm::nginx {
namespace {

using Arguments = std::vector<std::string>;

enum class Meaning : bool { conflict, idle };

struct Row {
  std::string_view name;
  Meaning meaning;
  bool (*applies)(const Arguments& arguments);
  std::string_view sentence;  // for an idle one: what is true instead
};

bool always(const Arguments&) {
  return true;
}

bool is_switched_on(const Arguments& arguments) {
  return !arguments.empty() && !equals_ignoring_case(arguments[0], "off");
}

// OpenSSL's commands that load a certificate or its key.
bool loads_a_certificate(const Arguments& arguments) {
  return !arguments.empty() && (equals_ignoring_case(arguments[0], "Certificate") ||
                                equals_ignoring_case(arguments[0], "PrivateKey"));
}

bool is_impossible(const Arguments& arguments) {
  return is_switched_on(arguments) && !server::can_compress_certificates();
}

constexpr std::string_view kStapled =
    "the agent fetches the OCSP responses of these certificates, and they are stapled without it";

constexpr std::array<Row, 11> kRows{{
    {"ssl_certificate_by_lua", Meaning::conflict, always, {}},
    {"ssl_certificate_by_lua_block", Meaning::conflict, always, {}},
    {"ssl_certificate_by_lua_file", Meaning::conflict, always, {}},
    {"ssl_conf_command", Meaning::conflict, loads_a_certificate, {}},
    {"ssl_certificate_cache", Meaning::idle, is_switched_on,
     "these certificates are in memory already"},
    {"ssl_certificate_compression", Meaning::idle, is_impossible,
     "the OpenSSL that nginx runs with does not compress certificates"},
    {"ssl_password_file", Meaning::idle, always, "the keys of these certificates have no password"},
    {"ssl_stapling", Meaning::idle, is_switched_on, kStapled},
    {"ssl_stapling_file", Meaning::idle, always, kStapled},
    {"ssl_stapling_responder", Meaning::idle, always, kStapled},
    {"ssl_stapling_verify", Meaning::idle, is_switched_on, kStapled},
}};
static_assert(kRows.size() < kMostOthers);

const Row& row_of(std::string_view name) {
  return *std::find_if(kRows.begin(), kRows.end(),
                       [name](const Row& row) { return row.name == name; });
}

bool is(const ngx_str_t& text, std::string_view name) {
  return text.len == name.size() && std::memcmp(text.data, name.data(), name.size()) == 0;
}

// Row names are literals, which outlive the module that has the directive, and nginx does not write
// through them.
ngx_str_t as_nginx(std::string_view text) {
  return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

struct Found {
  const ngx_module_t* module;
  ngx_command_t* command;
};

// The first module's, as nginx itself looks for it. `context`: where it must be allowed; 0:
// wherever.
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

std::string sentence_about_conflict(const OtherDirective& note) {
  if (note.name == "ssl_conf_command") {
    return fmt::format(
        "\"ccm_certificate\" and \"ssl_conf_command {}\" exclude each other; remove the "
        "\"ssl_conf_command\"",
        note.arguments[0]);
  }
  return fmt::format(
      "\"ccm_certificate\" and \"{}\" exclude each other, because only one of them can decide "
      "about "
      "the certificate of a handshake; remove one, or move the lua code into the servers that have "
      "an \"ssl_certificate\" of their own",
      note.name);
}

bool has(const std::vector<OtherDirective>& notes, std::string_view name) {
  return std::any_of(notes.begin(), notes.end(),
                     [name](const OtherDirective& note) { return note.name == name; });
}

void add_to_verdict(const OtherDirective& note, Verdict& verdict) {
  const Row& row = row_of(note.name);
  if (!row.applies(note.arguments)) return;
  if (row.meaning == Meaning::idle) {
    verdict.idle.push_back(note);
  } else if (verdict.conflict.empty()) {
    verdict.conflict = sentence_about_conflict(note);
    verdict.conflict_origin = note.origin;
  }
}

}  // namespace

char* take_other(ngx_conf_t* cf, const ngx_module_t& self, std::vector<OtherDirective>& notes) {
  std::vector<std::string> words = words_of(cf);
  const std::string name = words[0];
  words.erase(words.begin());
  notes.push_back({name, std::move(words), origin_of(cf)});

  const Found found = find_command(cf, cf->module_type, name, cf->cmd_type, &self);
  if (found.command == nullptr) {
    return report(cf, fmt::format("\"{}\" directive is not allowed here", name));
  }
  // As in nginx's ngx_conf_handler, for a directive of a server or the level around it.
  auto** confs = *reinterpret_cast<void***>(static_cast<char*>(cf->ctx) + found.command->conf);
  void* conf = confs == nullptr ? nullptr : confs[found.module->ctx_index];
  return found.command->set(cf, found.command, conf);
}

void watch_others(const ngx_conf_t* cf, ngx_uint_t module_type, std::span<ngx_command_t> table,
                  std::size_t own, char* (*handler)(ngx_conf_t*, ngx_command_t*, void*)) {
  // Emptied first, so that nothing of an earlier configuration is found.
  std::fill(table.begin() + static_cast<std::ptrdiff_t>(own), table.end(), ngx_command_t{});
  for (const Row& row : kRows) {
    const Found found = find_command(cf, module_type, row.name, 0, nullptr);
    // The handler is given what this module keeps for the same level as that of its own directive.
    if (found.command == nullptr || found.command->conf != table[0].conf) continue;
    // The same number of arguments in the same places: nginx checks them before it calls anybody.
    table[own++] = {
        as_nginx(row.name), found.command->type, handler, found.command->conf, 0, nullptr};
  }
}

Verdict judge_others(const std::vector<OtherDirective>& outer,
                     const std::vector<OtherDirective>& own) {
  Verdict verdict;
  for (const OtherDirective& note : own) add_to_verdict(note, verdict);
  for (const OtherDirective& note : outer) {
    if (!has(own, note.name)) add_to_verdict(note, verdict);
  }
  return verdict;
}

std::string sentence_about_idle(const OtherDirective& idle) {
  return fmt::format("\"{}\" has no effect on the certificates of \"ccm_certificate\": {} in {}:{}",
                     idle.name, row_of(idle.name).sentence, idle.origin.file, idle.origin.line);
}

}  // namespace ccm::nginx
