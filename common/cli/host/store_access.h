// SPDX-License-Identifier: Apache-2.0
// Lets ccmctl write to the store: as the store's owner, so that the agent can still read
// everything, and never beside a leader, which is asked to act (store/inbox.h). It is the store
// that this host's servers use: their fleet's if they have one. One per process; one thread.
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
  // Changes this process to the state directory's owner (for good, when it was root) and makes the
  // directory the current one. Whatever needs root must be read before; the access to the fleet is
  // read here. If a server's agent lives and nobody leads, waits up to five seconds for it to lead.
  // `rejected` when the settings name a fleet and cannot be trusted.
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
  std::unique_ptr<Log> log_;  // the store's
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Lease> lease_;
};

}  // namespace ccm::cli
