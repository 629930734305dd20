// SPDX-License-Identifier: Apache-2.0
// The whole of ccmctl as one tree of commands. It parses the command line, and help, manual and
// completion are made from it. One per process.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/workspace/workspace.h"

namespace ccm::cli {

class Application {
 public:
  Application();

  const CLI::App& commands() const noexcept { return *app_; }
  // Only parses. Throws CLI::ParseError when the line, which begins with the program's name, is
  // wrong.
  void parse(const std::string& line) { app_->parse(line, true); }

  // Never throws. Returns the exit status of the process.
  int run(int argc, char** argv) noexcept;

 private:
  int parse_and_act(int argc, char** argv);
  std::vector<std::string> names_in(const std::string& state_directory);

  Workspace workspace_;
  Action action_;
  std::unique_ptr<CLI::App> app_;
};

}  // namespace ccm::cli
