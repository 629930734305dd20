// SPDX-License-Identifier: Apache-2.0
// The inbox of a store in memory (memory_store.h). Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/inbox.h"

namespace ccm::test {

class MemoryInbox final : public store::Inbox {
 public:
  // `wake` is called after each request that comes in.
  explicit MemoryInbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  Result<std::string> leave(const store::Request& request) override;
  store::Withdrawal withdraw(const store::Ticket& ticket) noexcept override;
  // As if etcd had taken the next one and the answer had not come. Who asks again learns it.
  void lose_next_answer() { loses_answer_ = true; }
  Result<void> take(const store::Lease& lease, const store::Ticket& ticket,
                    const std::optional<std::string>& note) override;
  bool is_waiting(const store::Ticket& ticket) const override;
  Result<std::vector<store::Ticket>> list() const override;
  Result<store::Request> read(const store::Ticket& ticket) const override;
  std::vector<std::string> granted() const override;
  std::optional<std::string> granted(const std::string& name) const override;
  Result<void> grant(const std::string& name, std::string_view note) override;
  void drop_granted(const std::string& name) noexcept override;

 private:
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, store::Request>> requests_;  // the oldest first
  std::map<std::string, std::string> granted_;
  unsigned count_ = 0;
  bool loses_answer_ = false;
  std::string in_doubt_;  // an id
};

}  // namespace ccm::test
