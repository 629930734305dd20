// SPDX-License-Identifier: Apache-2.0
// What wakes the agent besides its lifeline: a change in the store and the end of an attempt. If
// the system allows no notifications, `store` is empty and the agent looks every second. `files`
// tells whose files were touched; it does not wake the agent, because damage can wait for the next
// look.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/log.h"
#include "base/result.h"
#include "store/store_reader.h"

namespace ccm::agent {

struct Watches {
  FileDescriptor store;          // to be polled; empty: there are no notifications
  FileDescriptor attempt;        // to be polled
  FileDescriptor attempt_input;  // written to by the engine; empty: `attempt` is both ends
  std::unique_ptr<store::FileWatch> files;  // publishing/altered_files.h

  int attempt_end() const noexcept { return attempt_input ? attempt_input.get() : attempt.get(); }
  // Reads the descriptors until nothing is left.
  void empty() const;
};

// `names`: the certificates whose files are watched. An error when the system gives neither an
// eventfd nor a pipe.
Result<Watches> open_watches(const store::StoreReader& store, std::vector<std::string> names,
                             Log& log);

}  // namespace ccm::agent
