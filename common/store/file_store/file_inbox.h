// SPDX-License-Identifier: Apache-2.0
// The inbox of a file store, at the top of the state directory, which the leader watches:
//   request-ID-NAME   one request; like every file of the store its owner's only
//   granted-NAME      a renewal that was asked for and is not done yet
// Removing a file does not wipe it from the disk; an imported key stays in the store anyway. Any
// thread, any process.
#pragma once

#include <string>

#include "store/inbox.h"

namespace ccm::store {

class FileInbox final : public Inbox {
 public:
  explicit FileInbox(std::string state_path) : state_path_(std::move(state_path)) {}

  Result<std::string> leave(const Request& request) override;
  Withdrawal withdraw(const Ticket& ticket) noexcept override;
  Result<void> take(const Lease& lease, const Ticket& ticket,
                    const std::optional<std::string>& note) override;
  bool is_waiting(const Ticket& ticket) const override;
  Result<std::vector<Ticket>> list() const override;
  Result<Request> read(const Ticket& ticket) const override;
  std::vector<std::string> granted() const override;
  std::optional<std::string> granted(const std::string& name) const override;
  Result<void> grant(const std::string& name, std::string_view note) override;
  void drop_granted(const std::string& name) noexcept override;

 private:
  std::string state_path_;
};

}  // namespace ccm::store
