// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_lease.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace ccm::fleet {
namespace {

// Of a lease's life: two of three attempts may fail.
constexpr int kKeepAlivesOfALife = 3;

class FleetLease final : public store::Lease {
 public:
  FleetLease(std::shared_ptr<EtcdClient> etcd, EtcdLease lease, EtcdRevision token,
             std::chrono::seconds life)
      : etcd_(std::move(etcd)),
        lease_(lease),
        token_(token),
        keeper_([this, life] { keep(life); }) {}

  ~FleetLease() override {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    ending_.notify_all();
    keeper_.join();
    // Should it fail, etcd ends it after its life.
    static_cast<void>(etcd_->revoke(lease_));
  }

  std::uint64_t fencing_token() const noexcept override { return token_; }

 private:
  void keep(std::chrono::milliseconds life) {
    std::unique_lock lock(mutex_);
    while (!ending_.wait_for(lock, life / kKeepAlivesOfALife, [this] { return is_ending_; })) {
      lock.unlock();
      const auto left = etcd_->keep_alive(lease_);
      lock.lock();
      // It is gone for good: every write is refused from now on.
      if (!left && left.error().kind() == ErrorKind::rejected) return;
    }
  }

  const std::shared_ptr<EtcdClient> etcd_;
  const EtcdLease lease_;
  const EtcdRevision token_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread keeper_;
};

}  // namespace

Result<std::unique_ptr<store::Lease>> acquire_fleet_lease(std::shared_ptr<EtcdClient> etcd,
                                                          const FleetLayout& layout,
                                                          const std::string& who,
                                                          std::chrono::seconds life) {
  // Most often somebody leads, and then a lease would be made in vain.
  const Result<EtcdPage> leader = etcd->range({.key = layout.leader()});
  if (!leader) return fail(leader.error());
  if (!leader->items.empty()) return std::unique_ptr<store::Lease>();
  const Result<EtcdLease> lease = etcd->grant(life);
  if (!lease) return fail(lease.error());
  // The lease's number makes the value one of a kind, so that it is known again.
  const Result<EtcdOutcome> outcome = etcd->commit(
      {.compares = {{.key = layout.leader(), .of = EtcdCompare::Of::created, .revision = 0}},
       .changes = {{.key = layout.leader(),
                    .value = who + " " + std::to_string(*lease),
                    .lease = *lease}}});
  if (outcome && outcome->has_happened) {
    return std::unique_ptr<store::Lease>(
        std::make_unique<FleetLease>(std::move(etcd), *lease, outcome->revision, life));
  }
  static_cast<void>(etcd->revoke(*lease));
  if (!outcome) return fail(outcome.error());
  return std::unique_ptr<store::Lease>();
}

}  // namespace ccm::fleet
