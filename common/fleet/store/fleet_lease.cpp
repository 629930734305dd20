// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_lease.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace ccm::fleet {
namespace {

// In the life of a lease; two of three attempts may fail.
constexpr int kKeepAlivesOfALife = 3;
constexpr std::size_t kBootId = 64;
constexpr std::size_t kPlaceDigits = 16;

SteadyTime::duration steady_time() {
  return SystemClock().steady_now().time_since_epoch();
}

class FleetLease final : public store::Lease {
 public:
  struct Terms {
    EtcdLease lease;
    EtcdRevision token;
    std::chrono::seconds life;
    SteadyTime::duration asked_at;
    std::shared_ptr<const std::atomic<bool>> may_lead;
  };
  FleetLease(std::shared_ptr<EtcdClient> etcd, Terms terms)
      : etcd_(std::move(etcd)),
        lease_(terms.lease),
        token_(terms.token),
        may_lead_(std::move(terms.may_lead)),
        held_until_(terms.asked_at + terms.life),
        keeper_([this, life = terms.life] { keep(life); }) {}

  ~FleetLease() override {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    ending_.notify_all();
    keeper_.join();
    // If this fails, etcd ends the lease after its life.
    static_cast<void>(etcd_->revoke(lease_));
  }

  std::uint64_t fencing_token() const noexcept override { return token_; }
  // Measured by this host's own clock from before each question, so never longer than etcd thinks.
  bool is_held() const noexcept override {
    return may_lead_->load() && steady_time() < held_until_.load();
  }

 private:
  void keep(std::chrono::milliseconds life) {
    std::unique_lock lock(mutex_);
    while (!ending_.wait_for(lock, life / kKeepAlivesOfALife, [this] { return is_ending_; })) {
      // A process that may not lead must not keep others from leading.
      if (!may_lead_->load()) return;
      lock.unlock();
      const SteadyTime::duration asked_at = steady_time();
      const auto left = etcd_->keep_alive(lease_);
      lock.lock();
      // Once lost, it stays lost, whatever etcd says when it comes back.
      if (asked_at >= held_until_.load()) return;
      if (left) held_until_ = asked_at + *left;
      if (!left && left.error().kind() == ErrorKind::rejected) {
        held_until_ = SteadyTime::duration::zero();
        return;
      }
    }
  }

  const std::shared_ptr<EtcdClient> etcd_;
  const EtcdLease lease_;
  const EtcdRevision token_;
  const std::shared_ptr<const std::atomic<bool>> may_lead_;
  std::atomic<SteadyTime::duration> held_until_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread keeper_;
};

}  // namespace

FleetLeader parse_leader(std::string_view value) {
  const std::vector<std::string_view> words = split(value, ' ');
  if (words.size() != 4) return {};
  return {.id = std::string(words[0]), .name = printable(words[1]), .place = std::string(words[3])};
}

std::string place_of(const std::string& state_path) {
  struct stat status {};
  static_cast<void>(stat(state_path.c_str(), &status));
  const std::string start = read_file("/proc/sys/kernel/random/boot_id", kBootId).value_or("");
  return crypto::sha256_hex(fmt::format("{} {} {}", trim(start), status.st_dev, status.st_ino))
      .substr(0, kPlaceDigits);
}

Result<std::unique_ptr<store::Lease>> acquire_fleet_lease(std::shared_ptr<EtcdClient> etcd,
                                                          const FleetLayout& layout,
                                                          const Candidacy& candidacy) {
  // Usually somebody leads, and a new lease would be useless.
  const Result<EtcdPage> leader = etcd->range({.key = layout.leader()});
  if (!leader) return fail(leader.error());
  if (!leader->items.empty()) {
    const EtcdItem& item = leader->items.front();
    const bool is_of_a_dead_process =
        candidacy.who.is_same_process_or_before(parse_leader(item.value)) &&
        item.created != candidacy.last_token;
    if (!is_of_a_dead_process) return std::unique_ptr<store::Lease>();
    if (Result<void> done = etcd->revoke(item.lease); !done) return pass(std::move(done));
  }
  const SteadyTime::duration asked_at = steady_time();
  const Result<EtcdLease> lease = etcd->grant(candidacy.life);
  if (!lease) return fail(lease.error());
  // The lease's number makes the value unique, so that it can be recognised.
  const Result<EtcdOutcome> outcome = etcd->commit(
      {.compares = {{.key = layout.leader(), .of = EtcdCompare::Of::created, .revision = 0}},
       .changes = {{.key = layout.leader(),
                    .value = fmt::format("{} {} {} {}", candidacy.who.id, candidacy.who.name,
                                         *lease, candidacy.who.place),
                    .lease = *lease}}});
  if (outcome && outcome->has_happened) {
    return std::unique_ptr<store::Lease>(std::make_unique<FleetLease>(
        std::move(etcd), FleetLease::Terms{.lease = *lease,
                                           .token = outcome->revision,
                                           .life = candidacy.life,
                                           .asked_at = asked_at,
                                           .may_lead = candidacy.may_lead}));
  }
  static_cast<void>(etcd->revoke(*lease));
  if (!outcome) return fail(outcome.error());
  return std::unique_ptr<store::Lease>();
}

}  // namespace ccm::fleet
