// SPDX-License-Identifier: Apache-2.0
// What became of something that an operator asked of the leader (inbox.h). The leader keeps the
// last answers in the store's record "answers"; ccmctl looks for its own by the id of its request.
//
// Free functions. Written by one thread of whoever holds the store's lease; read by anybody.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"

namespace ccm::store {

struct Answer {
  bool has_changed = false;   // what was asked for made `version` the current one
  VersionNumber version = 0;  // current when it had ended; 0: none
  std::optional<Error> error = {};
  // Not the last word: the renewal is still wanted and is tried again then.
  std::optional<Time> again_at = {};
  // Of hooks that were run: what they printed and how they ended, for people.
  std::string report = {};
};

// Later answers with the same id replace earlier ones.
Result<void> keep_answer(Store& store, const Lease& lease, const std::string& id,
                         const Answer& answer);
// nullopt: none yet.
std::optional<Answer> find_answer(const StoreReader& store, const std::string& id);

}  // namespace ccm::store
