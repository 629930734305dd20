// SPDX-License-Identifier: Apache-2.0
#include "cli/input/command_tree.h"

namespace ccm::cli {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return option->nonpositional() && !option->get_group().empty();
  });
}

std::vector<const CLI::Option*> arguments_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> all;
  for (const auto& name : option.get_lnames()) all.push_back("--" + name);
  for (const auto& name : option.get_snames()) all.push_back("-" + name);
  return all;
}

bool needs_value(const CLI::Option& option) {
  return option.get_items_expected_min() > 0;
}

std::string type_of(const CLI::Option& option) {
  // A check appends its description after a colon: "INT:INT in [1 - 9]". Choices have no check, but
  // may have colons.
  std::string type = option.get_type_name();
  if (type.find('|') != std::string::npos) return type;
  std::string word = type.substr(0, type.find(':'));
  return word == "INT" || word == "UINT" ? "NUMBER" : word;
}

std::string Place::path() const {
  std::string path;
  for (const CLI::App* level : levels_) {
    if (!path.empty()) path += ' ';
    path += level->get_name();
  }
  return path;
}

const CLI::Option* Place::find_option(const std::string& name) const {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    const CLI::Option* option = (*level)->get_option_no_throw(name);
    if (option != nullptr && option->nonpositional()) return option;
  }
  return nullptr;
}

const CLI::App* Place::find_command(std::string_view name) const {
  for (const CLI::App* each : command().get_subcommands([](const CLI::App*) { return true; })) {
    if (each->get_name() == name) return each;
  }
  return nullptr;
}

}  // namespace ccm::cli
