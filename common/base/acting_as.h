// SPDX-License-Identifier: Apache-2.0
// Looks at files as another user does, while root lacks the capability to pass by permissions
// (CAP_DAC_OVERRIDE taken away by the service's unit). Only the calling thread changes, and only
// for file access; what it creates meanwhile belongs to that user.
#pragma once

#include <sys/types.h>

#include <string>

namespace ccm {

class ActingAs {
 public:
  // Does nothing when this process may not change the user; the files then stay closed.
  explicit ActingAs(uid_t user) noexcept;
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs();

 private:
  bool has_changed_ = false;
  bool was_dumpable_ = false;
};

// The user to act as for a look into the directory: its owner if we are root and may not look
// ourselves; otherwise our own.
uid_t who_may_look_into(const std::string& directory) noexcept;

}  // namespace ccm
