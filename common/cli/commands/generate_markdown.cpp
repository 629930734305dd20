// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/generate_markdown.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"
#include "cli/input/command_tree.h"
#include "cli/output/exit_code.h"
#include "cloud/reply/errors.h"

namespace ccm::cli {
namespace {

constexpr const char* kOrigin =
    "<!-- Made by scripts/generate-reference from the program's own tables; do not edit. -->\n";

// For a cell of a table, outside of backquotes: a bar would end the cell, and < and * have a
// meaning.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

// A bar ends a cell even between backquotes.
std::string code_cell(std::string_view text) {
  std::string out = "`";
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out + '`';
}

std::string value_of(const CLI::Option& option) {
  if (!needs_value(option)) return "";
  const std::string type = type_of(option);
  return " " + (type.empty() || type == "TEXT" ? std::string("VALUE") : type);
}

std::string row(const CLI::Option& option) {
  const std::string name = option.get_positional()
                               ? option.get_name(true)
                               : join(spellings(option), ", ") + value_of(option);
  return fmt::format("| {} | {}{} |\n", code_cell(name), cell(option.get_description()),
                     option.get_required() ? " (required)" : "");
}

// Leaves out --help, which every command has.
std::string options_table(const CLI::App& app) {
  std::string rows;
  for (const CLI::Option* option : arguments_of(app)) rows += row(*option);
  for (const CLI::Option* option : options_of(app)) {
    if (option != app.get_help_ptr()) rows += row(*option);
  }
  return rows.empty() ? "" : "\n| option | |\n|---|---|\n" + rows;
}

std::string usage_of(const CLI::App& app, const std::string& path) {
  std::string usage = "ccmctl " + path;
  if (!commands_of(app).empty()) usage += " COMMAND";
  for (const CLI::Option* argument : arguments_of(app)) {
    const std::string name = argument->get_name(true);
    usage += argument->get_required() ? " " + name : " [" + name + "]";
  }
  return usage;
}

std::string section(const CLI::App& app, const std::string& path) {
  std::string text = fmt::format("\n## ccmctl {}\n\n{}.\n\n```text\n{} [OPTION ...]\n", path,
                                 cell(app.get_description()), usage_of(app, path));
  if (!app.get_footer().empty()) text += fmt::format("\n{}\n", app.get_footer());
  return text + "```\n" + options_table(app);
}

std::string sections(const CLI::App& app, const std::string& path) {
  std::string text;
  for (const CLI::App* each : commands_of(app)) {
    const std::string inner = path.empty() ? each->get_name() : path + " " + each->get_name();
    text += section(*each, inner) + sections(*each, inner);
  }
  return text;
}

std::string exit_table() {
  std::string text = "\n## Exit status\n\n| status | meaning |\n|---|---|\n";
  for (const auto& [code, meaning] : exit_codes()) {
    text += fmt::format("| {} | {} |\n", static_cast<int>(code), cell(meaning));
  }
  return text;
}

std::string_view decision_text(cloud::Decision decision) {
  switch (decision) {
    case cloud::Decision::retry:
      return "tried again later, with growing pauses";
    case cloud::Decision::slow_down:
      return "tried again after the time that the answer names";
    case cloud::Decision::never:
      return "not tried again before the next check or a reload";
    case cloud::Decision::alert:
      return "needs a person; tried again at the next check";
    case cloud::Decision::new_token:
      return "tried once more with a new token";
    case cloud::Decision::bad_credentials:
      return "the credentials are refused; after the second refusal no call uses them";
  }
  return "";
}

}  // namespace

std::string reference_of_commands(const CLI::App& root) {
  std::string text = "# ccmctl: commands and options\n\n";
  text += kOrigin;
  text +=
      "\nWhat the commands are for and how they work together: see "
      "[ccmctl](../ccmctl.md).\n";
  text += "\n## Options of every command\n\nThey may stand before or after the command.\n";
  return text + options_table(root) + exit_table() + sections(root, "");
}

std::string reference_of_errors() {
  std::string text = "# Error codes of the cloud\n\n";
  text += kOrigin;
  text +=
      "\nA message in the error log or of `ccmctl` ends with the code that the service gave. The "
      "agent acts on the\n"
      "code. For a code that is not listed here it acts on the HTTP status.\n"
      "\n| code | status | what happens | what helps |\n|---|---|---|---|\n";
  for (const auto& entry : cloud::error_table()) {
    text += fmt::format("| {} | {} | {} | {} |\n", entry.code, entry.status,
                        decision_text(entry.decision), cell(entry.advice));
  }
  return text;
}

}  // namespace ccm::cli
