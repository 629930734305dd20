// SPDX-License-Identifier: Apache-2.0
// Reads the tree of commands: what help, manual, completion and the sentences about mistakes share.
// Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ccm::cli {

// Without the hidden ones, which have no group.
std::vector<const CLI::App*> commands_of(const CLI::App& app);
std::vector<const CLI::Option*> options_of(const CLI::App& app);
std::vector<const CLI::Option*> arguments_of(const CLI::App& app);
// "--output", "-o"
std::vector<std::string> spellings(const CLI::Option& option);
// Whether the next word belongs to the option.
bool needs_value(const CLI::Option& option);
// What an option or argument takes (completion.h), without CLI11's additions.
std::string type_of(const CLI::Option& option);

// The position of a command line in the tree, word by word.
class Place {
 public:
  explicit Place(const CLI::App& root) : levels_{&root} {}

  const CLI::App& command() const noexcept { return *levels_.back(); }
  // The root first.
  const std::vector<const CLI::App*>& levels() const noexcept { return levels_; }
  // "ccmctl ca create"
  std::string path() const;
  // An option of the command or, because options may stand anywhere, of the commands above it;
  // nullptr when there is none.
  const CLI::Option* find_option(const std::string& name) const;
  const CLI::App* find_command(std::string_view name) const;
  void enter(const CLI::App& command) { levels_.push_back(&command); }

 private:
  std::vector<const CLI::App*> levels_;
};

}  // namespace ccm::cli
