// Certificates leaving as files: what the exporting and issuing commands share. One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/workspace.h"
#include "crypto/bundle.h"

namespace ccm::cli {

struct ExportOptions {
  std::string subject;  // name or id
  std::string format = "nginx";
  std::string directory = ".";
  std::string password_file;
  std::string key_file;
  bool zip = false;
  bool force = false;
};

// --format, --output, --password-file, --zip, --force
void add_export_options(CLI::App& command, ExportOptions& options);
// Asks for the password that a key store wants; prints the paths of what was written.
Result<ExitCode> write_export(Workspace& workspace, const crypto::Bundle& bundle,
                              const std::string& name, const ExportOptions& options);

}  // namespace ccm::cli
