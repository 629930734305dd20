// SPDX-License-Identifier: Apache-2.0
// The leader's answer to an operator's request (inbox.h). The leader keeps the last answers in the
// store's record "answers"; ccmctl finds its own by the id of its request.
//
// Free functions. Only one thread of the process that holds the store's lease writes; any process
// may read.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"

namespace ccm::store {

struct Answer {
  bool has_changed = false;   // the request has made `version` current
  VersionNumber version = 0;  // the current version at the end; 0: none
  std::optional<Error> error = {};
  // Set when this is not the last answer: the renewal is still wanted, and this is the time of the
  // next attempt.
  std::optional<Time> again_at = {};
  // What hooks printed and how they ended, for people. Empty unless the request ran hooks.
  std::string report = {};
};

// Later answers with the same id replace earlier ones.
Result<void> keep_answer(Store& store, const Lease& lease, const std::string& id,
                         const Answer& answer);
// nullopt: none yet.
std::optional<Answer> find_answer(const StoreReader& store, const std::string& id);

}  // namespace ccm::store
