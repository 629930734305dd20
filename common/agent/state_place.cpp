// SPDX-License-Identifier: Apache-2.0
#include "agent/state_place.h"

#include <sys/stat.h>

#include <cerrno>

#include "store/host/state_directory.h"

namespace ccm::agent {

StatePlace look_at_state_place(const std::string& state_path) {
  struct stat here {};
  if (stat(".", &here) != 0 || here.st_nlink == 0) return StatePlace::removed;
  struct stat there {};
  if (stat(state_path.c_str(), &there) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? StatePlace::away : StatePlace::same;
  }
  if (here.st_dev == there.st_dev && here.st_ino == there.st_ino) return StatePlace::same;
  // An empty directory may be a mount point without its file system. A new store there would order
  // new certificates.
  const bool is_store = store::content_of_directory(state_path) == store::DirectoryContent::store;
  return is_store ? StatePlace::replaced : StatePlace::away;
}

}  // namespace ccm::agent
