// SPDX-License-Identifier: Apache-2.0
#include "agent/monitor/watched_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace ccm::agent {

WatchedFiles::WatchedFiles(const config::GlobalConfig& global,
                           const std::vector<config::CredentialsSpec>& further) {
  std::set<std::string> paths{global.proxy_credentials, global.trusted_certificate};
  const auto add = [&](const config::CredentialsSpec& credentials) {
    const auto* file = std::get_if<config::CredentialsFile>(&credentials);
    if (file != nullptr) paths.insert(file->path);
  };
  if (global.fleet) {
    const config::FleetConfig& fleet = *global.fleet;
    paths.insert({fleet.key_file, fleet.ca_file, fleet.certificate_file, fleet.certificate_key_file,
                  fleet.login_file});
  }
  add(global.credentials);
  std::for_each(further.begin(), further.end(), add);
  for (const std::string& path : paths) {
    if (!path.empty()) files_.push_back({path, identity_of(path)});
  }
}

std::vector<std::string> WatchedFiles::changed() {
  std::vector<std::string> paths;
  for (File& file : files_) {
    const std::optional<Identity> now = identity_of(file.path);
    if (now == std::exchange(file.identity, now)) continue;
    paths.push_back(file.path);
  }
  return paths;
}

// What changes when a file is replaced or rewritten.
std::optional<WatchedFiles::Identity> WatchedFiles::identity_of(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                  status.st_mtim.tv_nsec, status.st_mode, status.st_uid, status.st_gid);
}

}  // namespace ccm::agent
