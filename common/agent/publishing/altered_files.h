// SPDX-License-Identifier: Apache-2.0
// Which certificates have other files in the store than a moment ago, whoever changed them. The
// store does not tell of what is removed, altered, locked or put back without it, so this is the
// one place that finds out, for all on the main thread who must know: the publisher, the status
// and stapling.
//
// The store's watch says whose files were touched (store/file_watch.h), and their stamps say
// whether they are others now. So a look costs what was touched. What cannot be watched has its
// turn instead, a few at each look. All others have theirs as well, at leisure, because no watch
// notices everything.
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
  // Between two turns of what is not watched: of 500, each has its turn within ten seconds.
  static constexpr std::chrono::milliseconds kUnwatched{20};

  struct Parts {
    const config::Config& config;
    const store::StoreReader& store;
    std::unique_ptr<store::FileWatch> watch;  // of the configuration's certificates
    SignOfLife& life;
    Log& log;
  };
  explicit AlteredFiles(Parts parts) : parts_(std::move(parts)) {}

  // The names of those that have changed since the last look. None at the first one, after which
  // everybody looks at all, and none before kBetweenLooks have passed.
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
