// SPDX-License-Identifier: Apache-2.0
// This host in its fleet: the thread that follows what others write, the only way to write, and the
// copy that both keep up to date. Owned by the store.
//
// Several processes of a host may share the copy. The one with the file store's lease writes it;
// the others wait for that lease.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/handle.h"
#include "base/log.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/overview_reader.h"
#include "fleet/store/etcd_store.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"
#include "fleet/store/fleet_lease.h"
#include "fleet/store/fleet_mirror.h"
#include "store/host/fleet_note.h"
#include "store/store.h"

namespace ccm::fleet {

class FleetHost {
 public:
  // What it works with. `files` is the store of the copy.
  struct Parts {
    std::shared_ptr<EtcdClient> etcd;
    FleetLayout layout;
    FleetLeader self;  // its place is filled in
    KeySource read_keys;
    std::unique_ptr<store::Store> files;
    std::string state_path;
    Log& log;
  };
  // `reader` reads the copy.
  FleetHost(Parts parts, const store::FileReader& reader);
  ~FleetHost();
  FleetHost(const FleetHost&) = delete;
  FleetHost& operator=(const FleetHost&) = delete;

  // Begins to follow. To be called once.
  void start();
  // With the lock held: makes sure that the fleet's keys are here; asks etcd if they are not.
  Result<void> have_keys();
  // With the lock held: whether another process leads, as far as this host knows. Costs nothing.
  bool is_led_by_another(EtcdRevision own_token) const;

  // To be held by code that reads what is known of the fleet in order to write.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  // With the lock held. Commits, then updates the copy. `transient` when a comparison fails,
  // because something has changed in between. With a lease: only while that leads. The agent's main
  // thread writes, too, so a silent etcd is not asked again and again: many writes wait no longer
  // than one.
  Result<void> commit(EtcdTransaction transaction, const store::Lease* lease);
  // `transient` when another host leads now.
  Result<void> check_lease(const store::Lease& lease);
  // Whether this process may lead and knows everything that the fleet has. `rejected` when the copy
  // cannot be locked, `transient` when it cannot be written.
  Result<bool> is_ready_to_lead();
  // True until this process, as the leader, cannot write to its copy. Then another host can lead,
  // and this one follows once it can.
  std::shared_ptr<const std::atomic<bool>> may_lead() {
    return may_lead_ = std::make_shared<std::atomic<bool>>(true);
  }
  // Afterwards everything that the fleet has is known.
  Result<void> catch_up();
  // How this process stands with the fleet; nullopt while it does not follow the fleet.
  struct Standing {
    std::shared_ptr<const FleetKeys> keys;  // never nullptr; the same object until they change
    bool leads;
    FleetLeader leader;         // the last one that was heard of; without an id when none leads
    EtcdRevision leader_token;  // 0: none leads
    EtcdRevision followed;      // the copy lacks what was written to etcd later
    FailedCopies failed;
    std::uint64_t heads_heard;    // fleet_mirror.h
    bool has_canary;              // and this
    std::uint64_t members_heard;  // grows whenever the members may have changed
  };
  std::optional<Standing> standing();
  // As FleetMirror::changed_between(). Any thread.
  std::vector<KnownCertificate> changed_between(EtcdRevision after, EtcdRevision to) {
    const auto held = lock();
    return mirror_.changed_between(after, to);
  }

  const FleetLeader& self() const noexcept { return parts_.self; }
  const FleetLayout& layout() const noexcept { return parts_.layout; }
  const FleetKeys& keys() const noexcept { return keys_; }
  FleetMirror& mirror() noexcept { return mirror_; }
  const FleetMirror& mirror() const noexcept { return mirror_; }
  store::Store& files() noexcept { return *parts_.files; }
  Log& log() const noexcept { return parts_.log; }
  const std::shared_ptr<EtcdClient>& etcd() const noexcept { return parts_.etcd; }

 private:
  void follow();
  // False when it should wait before the next time.
  bool listen();
  // The revision from which to listen; nullopt: not now.
  std::optional<EtcdRevision> prepare_to_listen();
  bool hear(const EtcdNews& news);
  // Forgets etcd's revisions and the keys, so that everything is read anew.
  void begin_anew();
  // Whether etcd's revisions are lower than those that were heard of, as after a restored backup.
  bool has_gone_back(const EtcdNews& news);
  bool take_host_lease();
  Result<void> synchronise();
  Result<void> read_all();
  Result<void> read_keys();
  Result<bool> are_keys_old() const;
  Result<void> look_at_leader();
  Result<void> look_at_overview();
  void hear_of_leader(const EtcdNews& news);
  void hear_of_hosts(const EtcdNews& news);
  bool has_new_keys(const EtcdNews& news) const;
  void tell(const Result<void>& outcome);
  void note();
  void look_for_copies();
  void look_for_space();
  std::vector<std::string> flaws() const;
  bool waits_for(std::chrono::milliseconds time);

  // What was heard of and is missing in the copy.
  struct Gap {
    EtcdRevision until;  // of the last missing item
    bool is_local;       // this host could not write it
  };
  void note_gap(const Error& error, EtcdRevision until);
  bool cannot_write() const noexcept { return gap_ && gap_->is_local; }

  struct Leader {
    EtcdRevision token;
    FleetLeader who;
  };

  Parts parts_;
  FleetKeys keys_;
  std::shared_ptr<const FleetKeys> lent_keys_;  // the same, for those who do not hold the lock
  std::uint64_t keys_of_ = 0;                   // mirror_.times_gone_back() when they were read
  FleetMirror mirror_;
  OverviewReader overview_;
  std::mutex mutex_;
  std::unique_ptr<store::Lease> host_lease_;
  std::string lease_problem_;          // the last reason that was logged
  std::optional<EtcdRevision> heard_;  // the copy has all news up to it
  std::optional<Gap> gap_;
  std::optional<Leader> leader_;  // the last one that was heard of
  std::shared_ptr<std::atomic<bool>> may_lead_ = std::make_shared<std::atomic<bool>>(true);
  std::optional<SteadyTime> copied_since_;  // another one leads with this host's key file
  bool is_copied_ = false;                  // and has for so long that it is no process of before
  bool is_full_ = false;                    // etcd, as it was told of last
  std::uint64_t members_heard_ = 0;
  std::optional<bool> is_connected_;  // the last state that was logged
  std::string problem_;               // why not
  Time since_{};                      // of is_connected_
  std::optional<store::FleetNote> noted_;
  FileDescriptor stop_;
  std::thread follower_;
};

}  // namespace ccm::fleet
