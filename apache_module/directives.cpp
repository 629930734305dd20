// SPDX-License-Identifier: Apache-2.0
#include "directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "base/text.h"
#include "boundary.h"
#include "config/directives/table.h"
#include "main_conf.h"

namespace ccm::apache {
namespace {

constexpr char kUse[] = "CCMCertificate";
constexpr char kSection[] = "<CCMCertificate";

// Directives for things that httpd's users know by other names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kRenamed{{
    {"ssl_trusted_certificate", "CCMCACertificateFile"},
    {"state_path", "CCMStateDir"},
}};

// "renew_before" -> "CCMRenewBefore"
std::string spelling_of(std::string_view key) {
  for (const auto& [theirs, ours] : kRenamed) {
    if (key == theirs) return std::string(ours);
  }
  std::string name = "CCM";
  bool is_start = true;
  for (const char letter : key) {
    const bool is_capital = is_start && letter >= 'a' && letter <= 'z';
    is_start = letter == '_';
    if (!is_start) name += is_capital ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return name;
}

// Whether spelling_of(key) is the name, in upper or lower case. Makes no text of its own, because
// it is asked for each row of the table for each line of a certificate.
bool is_spelling_of(std::string_view key, std::string_view name) {
  for (const auto& [theirs, ours] : kRenamed) {
    if (key == theirs) return equals_ignoring_case(ours, name);
  }
  constexpr std::string_view kPrefix = "CCM";
  if (!equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '_') continue;
    if (name.empty() || !equals_ignoring_case(key.substr(i, 1), name.substr(0, 1))) return false;
    name.remove_prefix(1);
  }
  return name.empty();
}

// The row of the table for a directive as written; nullptr when it is none of this module's.
const config::Directive* find_row(std::string_view name) {
  const auto known = config::directives();
  const auto found = std::find_if(known.begin(), known.end(), [name](const auto& row) {
    return is_spelling_of(row.key, name);
  });
  return found == known.end() ? nullptr : &*found;
}

// httpd's sentence when the directive may not stand here.
Result<void> check_place(cmd_parms* cmd, unsigned forbidden) {
  const char* complaint = ap_check_cmd_context(cmd, forbidden);
  if (complaint == nullptr) return {};
  return fail(ErrorKind::invalid, complaint);
}

// The arguments, with paths relative to ServerRoot made absolute.
std::vector<std::string> arguments_of(const config::Directive& row, apr_pool_t* pool,
                                      const char* text) {
  return config::with_paths(row, words_of(pool, text), [pool](const std::string& path) {
    const char* full = ap_server_root_relative(pool, path.c_str());
    return full == nullptr ? path : std::string(full);
  });
}

const char* on_global(cmd_parms* cmd, void*, const char* text) noexcept {
  return directive_boundary(cmd, [&]() -> Result<void> {
    if (auto placed = check_place(cmd, GLOBAL_ONLY); !placed) return placed;
    const auto& row = *static_cast<const config::Directive*>(cmd->info);
    return main_conf_of(cmd->server)
        .deployment.settings()
        .set(row.key, arguments_of(row, cmd->pool, text), origin_of(*cmd->directive));
  });
}

const char* on_use(cmd_parms* cmd, void*, const char* text) noexcept {
  return directive_boundary(cmd, [&]() -> Result<void> {
    if (auto placed = check_place(cmd, NOT_IN_DIR_CONTEXT); !placed) return placed;
    // Among the parameters of the short form are those of the source.
    const config::Directive& source = *find_row("CCMSource");
    main_conf_of(cmd->server)
        .uses[cmd->server]
        .push_back({arguments_of(source, cmd->pool, text), origin_of(*cmd->directive)});
    return {};
  });
}

// The NAME of `<CCMCertificate NAME>`; `text` is what follows the word, and may have lost its ">".
Result<std::string> section_name(const cmd_parms* cmd, std::string_view text) {
  text = trim(text);
  if (text.ends_with('>')) {
    text.remove_suffix(1);
  } else if (!text.empty()) {
    return fail(ErrorKind::invalid, fmt::format("{}> directive missing closing '>'", kSection));
  }
  std::vector<std::string> words = words_of(cmd->pool, std::string(text).c_str());
  if (words.size() != 1) {
    return fail(ErrorKind::invalid,
                fmt::format("a {0}> section has one name; write {0} NAME>", kSection));
  }
  return std::move(words[0]);
}

// httpd does not look into the section, so only directives that belong in it are understood.
Result<void> read_inside(cmd_parms* cmd, const std::string& name, const ap_directive_t& inner) {
  const std::string_view word = inner.directive;
  if (word.starts_with('<')) {
    return fail(ErrorKind::invalid,
                fmt::format("a {}> section cannot contain {}>", kSection, word));
  }
  config::Settings& settings = main_conf_of(cmd->server).deployment.settings();
  const config::Directive* row = find_row(word);
  if (row == nullptr) return settings.set_in(name, word, {}, origin_of(inner));
  return settings.set_in(name, row->key, arguments_of(*row, cmd->pool, inner.args),
                         origin_of(inner));
}

const char* on_section(cmd_parms* cmd, void*, const char* text) noexcept {
  return directive_boundary(cmd, [&]() -> Result<void> {
    if (auto placed = check_place(cmd, GLOBAL_ONLY); !placed) return placed;
    auto name = section_name(cmd, text);
    if (!name) return pass(std::move(name));
    config::Settings& settings = main_conf_of(cmd->server).deployment.settings();
    if (auto added = settings.add_certificate(*name, origin_of(*cmd->directive)); !added) {
      return added;
    }
    const ap_directive_t* inner = cmd->directive->first_child;
    for (; inner != nullptr; inner = inner->next) {
      if (auto read = read_inside(cmd, *name, *inner); !read) {
        cmd->err_directive = inner;
        return read;
      }
    }
    return {};
  });
}

using Handler = const char* (*)(cmd_parms*, void*, const char*);

// The number of arguments is left to Settings, so that the sentence shows the right form.
command_rec command(const char* name, Handler handler, const char* help) {
  command_rec record{};
  record.name = name;
  record.AP_RAW_ARGS = handler;
  record.req_override = RSRC_CONF;
  record.args_how = RAW_ARGS;
  record.errmsg = help;
  return record;
}

constexpr std::size_t kCapacity = 64;
// Not std::string: what is static in a module has no destructor.
using Text = std::array<char, 128>;

const char* keep(Text& place, const std::string& text) {
  if (text.size() >= place.size()) throw std::length_error("a directive's text is too long");
  std::copy(text.begin(), text.end(), place.begin());
  return place.data();
}

// Made from the one table of directives.
const command_rec* make_commands() {
  static std::array<command_rec, kCapacity> table{};
  static std::array<Text, kCapacity> names{};
  static std::array<Text, kCapacity> forms{};
  if (table[0].name != nullptr) return table.data();
  std::size_t count = 0;
  table[count++] = command(kUse, on_use, "NAME | source=scm|pca [KEY=VALUE ...] | catalogue=NAME");
  table[count++] = command(kSection, on_section, "NAME");
  for (const config::Directive& row : config::directives()) {
    // The last entry stays empty: it ends the table.
    if (count + 1 >= kCapacity) throw std::length_error("the table of directives is too small");
    const char* name = keep(names[count], spelling_of(row.key));
    const char* form = keep(forms[count], std::string(row.form.substr(row.key.size() + 1)));
    table[count] = command(name, on_global, form);
    // httpd hands it back to the handler and does not write to it.
    table[count++].cmd_data = const_cast<config::Directive*>(&row);
  }
  return table.data();
}

}  // namespace

config::Dialect dialect() {
  return {
      .spelling = spelling_of,
      .certificate_block = "<CCMCertificate> section",
      .global_block = "main server configuration",
      .use = kUse,
      .global_block_is_unique = true,
      .ciphers = "SSLCipherSuite",
      .protocols = "SSLProtocol -all +TLSv1.2 +TLSv1.3",
      .certificate_file = "SSLCertificateFile",
      .key_file = "SSLCertificateKeyFile",
      .status_directive = "\"SetHandler ccm-status\"",
      .host_name = "ServerName",
      .advice_to_nameless = "give it one, or a \"CCMCertificate\" of its own with names=...",
  };
}

// httpd asks while it loads the module, where nobody could catch anything.
const command_rec* commands() noexcept {
  static const command_rec kNone{};
  const auto say = [](const char* what) {
    std::fputs("ccm: no directive can be used: ", stderr);
    std::fputs(what, stderr);
    std::fputs("\n", stderr);
  };
  return at_boundary(&kNone, say, [] { return make_commands(); });
}

}  // namespace ccm::apache
