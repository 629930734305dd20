// SPDX-License-Identifier: Apache-2.0
// Writing to the store from ccmctl: as the store's owner, so that the agent can still read
// everything, and never beside a leader: with one, it is asked to act (store/inbox.h). One
// per process; one thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/host/workspace.h"
#include "store/store.h"

namespace ccm::cli {

class StoreAccess {
 public:
  // From here on the process is the state directory's owner (for good, when it was root) and the
  // directory its current one. Whatever needs root must have been read before.
  static Result<StoreAccess> enter(const std::string& state_directory);

  store::Store& store() noexcept { return *store_; }
  // nullptr: an agent leads.
  const store::Lease* lease() const noexcept { return lease_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  StoreAccess(std::unique_ptr<store::Store> store, std::unique_ptr<store::Lease> lease)
      : store_(std::move(store)), lease_(std::move(lease)) {}

  std::string path_ = ".";
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Lease> lease_;
};

}  // namespace ccm::cli
