// SPDX-License-Identifier: Apache-2.0
// Tries to take the lead of a fleet on a thread of its own, because etcd may be slow to answer and
// the agent's main thread must not wait. Owned by the agent's service, and called by its main
// thread. Like a ThreadPool it is never destroyed once it has begun.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "agent/process/thread_pool.h"
#include "base/result.h"
#include "store/store.h"

namespace ccm::agent {

class Candidate {
 public:
  // Borrows both. Writes to the descriptor when there is an outcome.
  Candidate(store::Store& store, int wake_descriptor) : store_(store), pool_(1, wake_descriptor) {}

  bool is_idle() const { return pool_.is_idle(); }
  void stand();
  // The result of the last attempt (Store::try_lead()), given once.
  std::optional<Result<std::unique_ptr<store::Lease>>> take_outcome();

 private:
  store::Store& store_;
  std::mutex mutex_;
  std::optional<Result<std::unique_ptr<store::Lease>>> outcome_;  // guarded by mutex_
  ThreadPool pool_;
};

}  // namespace ccm::agent
