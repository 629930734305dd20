// SPDX-License-Identifier: Apache-2.0
// The files that an agent reads before it changes to its account, which may not read them. So the
// monitor watches them, and starts another agent when one of them has changed. Owned by the
// monitor; one thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "config/config.h"

namespace ccm::agent {

class WatchedFiles {
 public:
  WatchedFiles() = default;
  // Credentials, the proxy's password, the trusted certificates and what leads to the fleet, as far
  // as they are files.
  explicit WatchedFiles(const config::GlobalConfig& global,
                        const std::vector<config::CredentialsSpec>& further = {});

  // Those that have been replaced, written or removed, or have got another owner or mode, since the
  // last call. Links are followed, as orchestrators exchange them.
  std::vector<std::string> changed();

 private:
  using Identity = std::tuple<dev_t, ino_t, off_t, time_t, long, mode_t, uid_t, gid_t>;
  struct File {
    std::string path;
    std::optional<Identity> identity;  // nullopt: it was not there
  };
  static std::optional<Identity> identity_of(const std::string& path);

  std::vector<File> files_;
};

}  // namespace ccm::agent
