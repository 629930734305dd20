// The whole of ccmctl as one tree of commands: parsed here, and the source of help, manual and
// completion. One per process.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/workspace.h"

namespace ccm::cli {

class Application {
 public:
  Application();

  // Never throws; the exit status of the process.
  int run(int argc, char** argv) noexcept;

 private:
  int parse_and_act(int argc, char** argv);

  Workspace workspace_;
  Action action_;
  std::unique_ptr<CLI::App> app_;
};

}  // namespace ccm::cli
