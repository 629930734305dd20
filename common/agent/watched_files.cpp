// SPDX-License-Identifier: Apache-2.0
#include "agent/watched_files.h"

#include <sys/stat.h>

#include <variant>

namespace ccm::agent {

WatchedFiles::WatchedFiles(const config::GlobalConfig& global) {
  const auto* credentials = std::get_if<config::CredentialsFile>(&global.credentials);
  for (const std::string& path : {credentials == nullptr ? std::string() : credentials->path,
                                  global.proxy_credentials, global.trusted_certificate}) {
    if (!path.empty()) files_.push_back({path, identity_of(path)});
  }
}

std::vector<std::string> WatchedFiles::changed() {
  std::vector<std::string> paths;
  for (File& file : files_) {
    const std::optional<Identity> now = identity_of(file.path);
    if (!now || now == file.identity) continue;
    file.identity = now;
    paths.push_back(file.path);
  }
  return paths;
}

// What changes when a file is replaced or rewritten.
std::optional<WatchedFiles::Identity> WatchedFiles::identity_of(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                  status.st_mtim.tv_nsec);
}

}  // namespace ccm::agent
