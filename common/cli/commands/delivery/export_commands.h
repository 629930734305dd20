// SPDX-License-Identifier: Apache-2.0
// Export of certificates as files: what the exporting and issuing commands share. One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/commands/delivery/export_files.h"
#include "cli/workspace/workspace.h"
#include "crypto/certificate/bundle.h"

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
// Asks for the password if a key store needs one. Prints the paths of the files.
Result<ExitCode> write_export(Workspace& workspace, const crypto::Bundle& bundle,
                              const std::string& name, const ExportOptions& options);

// Where files go, and the name of the archive if there is one.
struct Destination {
  std::string name;
  std::string format;
  std::string directory;
  bool zip = false;
  bool force = false;
};
// Prints the paths of the files.
Result<ExitCode> write_exported(const Workspace& workspace, std::vector<ExportedFile> files,
                                const Destination& destination);

}  // namespace ccm::cli
