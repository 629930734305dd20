// SPDX-License-Identifier: Apache-2.0
// Writing to the store from ccmctl: as the store's owner, so that the agent can still read
// everything, and never beside a leader: with one, it is asked to act (store/inbox.h).
// The store is the one that this host's servers use, their fleet's when they have one. One per
// process; one thread.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/workspace/workspace.h"
#include "store/store.h"

namespace ccm::cli {

class StoreAccess {
 public:
  // From here on the process is the state directory's owner (for good, when it was root) and the
  // directory its current one. Whatever needs root must have been read before; what leads to the
  // fleet is read here. While a server's agent lives and nobody leads, it is left up to five
  // seconds to take the lead. `rejected` when the settings name a fleet and are not to be believed.
  static Result<StoreAccess> enter(Workspace& workspace);

  store::Store& store() noexcept { return *store_; }
  // nullptr: an agent leads.
  const store::Lease* lease() const noexcept { return lease_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  struct Parts {
    std::unique_ptr<Log> log;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<store::Lease> lease = nullptr;
  };
  explicit StoreAccess(Parts parts)
      : log_(std::move(parts.log)),
        store_(std::move(parts.store)),
        lease_(std::move(parts.lease)) {}

  std::string path_ = ".";
  std::unique_ptr<Log> log_;  // of the store
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Lease> lease_;
};

}  // namespace ccm::cli
