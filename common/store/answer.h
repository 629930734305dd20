// SPDX-License-Identifier: Apache-2.0
// The leader's answer to an operator's request (inbox.h). The leader keeps the last answers in the
// store's record "answers"; ccmctl finds its own by the id of its request. The same record notes
// which requests the leader has begun and not answered yet, so that the next leader can answer what
// this one does not finish. A renewal needs no such note (Inbox::grant()).
//
// Free functions. Only one thread of the process that holds the store's lease writes; any process
// may read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/inbox.h"
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

// Later answers with the same id replace earlier ones. What was answered has not only begun.
Result<void> keep_answer(Store& store, const Lease& lease, const std::string& id,
                         const Answer& answer);
// nullopt: none yet.
std::optional<Answer> find_answer(const StoreReader& store, const std::string& id);

// To be called before the request is taken. Fine when it is noted already.
Result<void> note_begun(Store& store, const Lease& lease, const Ticket& ticket);
// Of a request that was not taken, and never will be.
Result<void> drop_begun(Store& store, const Lease& lease, const std::string& id);
// Those that were begun and not answered, the oldest first. A request among them that still waits
// in the inbox was not taken.
std::vector<Ticket> find_begun(const StoreReader& store);

}  // namespace ccm::store
