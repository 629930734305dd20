// SPDX-License-Identifier: Apache-2.0
// Finds the certificates whose files in the store have changed, whoever changed them. The store
// does not report what is removed, altered, locked or put back behind its back. This class finds it
// out for everything on the main thread that has to know: the publisher, the status and stapling.
//
// The store's watch tells whose files were touched (store/file_watch.h), and the files' stamps tell
// whether they have changed. So a look costs only what was touched. Files that cannot be watched
// are looked at in turns, a few at each look. All others are also looked at in turns, more slowly,
// because no watch notices everything.
//
// Belongs to the agent's main thread. Borrows all but the watch.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/process/sign_of_life.h"
#include "agent/publishing/turns.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/traces.h"
#include "config/config.h"
#include "store/file_watch.h"
#include "store/store_reader.h"

namespace ccm::agent {

class AlteredFiles {
 public:
  static constexpr Seconds kBetweenLooks{1};
  // The time between two looks at files that are not watched: each of 500 is looked at within ten
  // seconds.
  static constexpr std::chrono::milliseconds kUnwatched{20};

  struct Parts {
    const config::Config& config;
    const store::StoreReader& store;
    std::unique_ptr<store::FileWatch> watch;  // of the configuration's certificates
    SignOfLife& life;
    Log& log;
  };
  explicit AlteredFiles(Parts parts) : parts_(std::move(parts)) {}

  // The names of the certificates whose files have changed since the last look. Empty at the first
  // look, after which everybody looks at all of them anyway, and before kBetweenLooks have passed.
  std::vector<std::string> look(SteadyTime now);

 private:
  void begin();
  std::vector<std::size_t> suspects(SteadyTime now);
  void say_what_is_unwatched();
  bool has_changed(std::size_t which);

  Parts parts_;
  SteadyTime next_look_{};
  std::vector<Traces> traces_;  // of each certificate of the configuration; empty before the start
  Turns unwatched_turns_;
  Turns turns_;
  bool has_said_ = false;
};

}  // namespace ccm::agent
