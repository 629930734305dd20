// SPDX-License-Identifier: Apache-2.0
#include "base/acting_as.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/handle.h"

namespace ccm {

ActingAs::ActingAs(uid_t user) noexcept {
  if (user == geteuid()) return;
  // The kernel closes a process to debuggers when this changes, even for a moment.
  was_dumpable_ = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
  setfsuid(user);
  has_changed_ = true;
}

ActingAs::~ActingAs() {
  if (!has_changed_) return;
  setfsuid(geteuid());
  if (was_dumpable_) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

uid_t who_may_look_into(const std::string& directory) noexcept {
  const uid_t self = geteuid();
  if (self != 0) return self;
  const FileDescriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat facts {};
  if (opened || errno != EACCES || stat(directory.c_str(), &facts) != 0) return self;
  return facts.st_uid;
}

}  // namespace ccm
