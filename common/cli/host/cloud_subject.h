// SPDX-License-Identifier: Apache-2.0
// The certificate in the cloud that a command is about: it is given as the name of one of this
// host's certificates, or as an id of the cloud. One thread.
#pragma once

#include <optional>
#include <string>

#include "cli/workspace/workspace.h"
#include "cloud/api/catalogue.h"

namespace ccm::cli {

struct CloudSubject {
  cloud::Service service;  // scm or pca
  std::string id;
  std::string name;            // of this host's certificate; empty: an id was given
  std::string serial;          // of this host's certificate
  bool is_configured = false;  // a server's settings name this host's certificate
};

// For a name: the version that is current in the store, at the service that issued it. nullopt, and
// said, when there is none; `invalid` when it did not come from the cloud.
Result<std::optional<CloudSubject>> find_subject(Workspace& workspace, const std::string& word);

}  // namespace ccm::cli
