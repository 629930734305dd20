// SPDX-License-Identifier: Apache-2.0
// What the operator said before or after the command's name, the same for all commands. Plain data.
#pragma once

#include <string>

#include "cli/output/terminal.h"
#include "cloud/transport/endpoints.h"

namespace ccm::cli {

struct GlobalOptions {
  std::string state_directory = "/var/lib/ccm";
  std::string server;       // "nginx", "apache" or "agent": whose settings count; empty: all
  std::string credentials;  // a file, "ecs" or "env"; empty: from the settings, then as SDKs do
  std::string profile;      // section of the credentials file
  std::string region;
  cloud::Endpoints endpoints;
  std::string metadata_endpoint;
  std::string ca_file;
  std::string proxy;
  std::string proxy_file;  // "user:password" for that proxy
  ColourMode colour = ColourMode::automatic;
  bool json = false;
  bool dry_run = false;
};

}  // namespace ccm::cli
