// SPDX-License-Identifier: Apache-2.0
// The inbox of a fleet: a request that is left on any host reaches the leader, whichever host that
// is. It is sealed in etcd, copied to every host, and read there. Any thread.
#pragma once

#include <set>
#include <string>

#include "fleet/store/fleet_host.h"
#include "store/file_store/file_inbox.h"
#include "store/inbox.h"

namespace ccm::fleet {

class FleetInbox final : public store::Inbox {
 public:
  FleetInbox(FleetHost& host, const std::string& state_path)
      : host_(host), copy_(state_path), outbox_path_(state_path + "/outbox") {}

  Result<std::string> leave(const store::Request& request) override;
  store::Withdrawal withdraw(const store::Ticket& ticket) noexcept override;
  // In one transaction with the note, and with the record of what was taken: nobody takes it twice.
  Result<void> take(const store::Lease& lease, const store::Ticket& ticket,
                    const std::optional<std::string>& note) override;
  bool is_waiting(const store::Ticket& ticket) const override { return copy_.is_waiting(ticket); }
  Result<std::vector<store::Ticket>> list() const override { return copy_.list(); }
  Result<store::Request> read(const store::Ticket& ticket) const override {
    return copy_.read(ticket);
  }
  std::vector<std::string> granted() const override { return copy_.granted(); }
  std::optional<std::string> granted(const std::string& name) const override {
    return copy_.granted(name);
  }
  Result<void> grant(const std::string& name, std::string_view note) override;
  void drop_granted(const std::string& name) noexcept override;

 private:
  Result<Secret> write_down(const store::Request& request, std::string& id) const;
  // As it is sealed in etcd: with the newest revision that this host has heard of, like a record.
  Secret with_version(std::string_view note) const;
  // In etcd, whatever the copy has heard of. What cannot be removed now is passed over until it is.
  store::Withdrawal remove(const store::Ticket& ticket);
  store::Withdrawal look_what_became_of(const store::Ticket& ticket);

  FleetHost& host_;
  store::FileInbox copy_;
  const std::string outbox_path_;
  std::set<std::string>
      in_doubt_;  // ids of requests that were perhaps taken; under the host's lock
};

}  // namespace ccm::fleet
