// SPDX-License-Identifier: Apache-2.0
// What this host knows of the fleet, and its copy in the host's file store. News of other hosts and
// this host's own writes come in by the same way, each key once: older news of a key is ignored. A
// value that does not open with the fleet's keys, or is older than what was seen, comes from
// somebody else: it is logged and changes nothing here.
//
// Callers serialise all calls, and hold the file store's lease.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/host_report.h"
#include "fleet/store/cache_writer.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"
#include "fleet/store/taken_requests.h"
#include "store/file_store/file_inbox.h"

namespace ccm::fleet {

class FleetMirror {
 public:
  FleetMirror(EtcdClient& etcd, const FleetLayout& layout, const FleetKeys& keys,
              const store::FileReader& reader, Log& log)
      : etcd_(etcd), layout_(layout), keys_(keys), reader_(reader), cache_(reader), log_(log) {}

  // Reads everything that etcd has except the versions that are already here. Returns the revision
  // from which to watch. Notices when etcd has gone back to an earlier state, and then believes its
  // revisions. Fails as apply() does.
  Result<EtcdRevision> synchronise();
  // An error means that the copy is incomplete: apply the same news again, or synchronise. With the
  // code kCopyFailed when this host could not write it; then the rest of the news is in the copy.
  Result<void> apply(const EtcdNews& news);

  // The certificate's head as it was last believed, and the key's revision, for a comparison.
  struct KnownHead {
    EtcdRevision modified = 0;  // 0: the key is not there
    EtcdRevision heard = 0;     // of the last news of it
    Head head;
    bool is_ahead = false;  // etcd has an older one
  };
  KnownHead head_of(const std::string& name) const;
  // The revision of any other key; 0: it is not there.
  EtcdRevision modified(const std::string& key) const {
    const auto known = others_.find(key);
    return known == others_.end() ? 0 : known->second.modified;
  }
  // The version of a record that is written now: greater than any before, even than that of a
  // removed record. `stored`: the version of the record that it replaces; 0: none.
  std::uint64_t next_version(std::uint64_t stored) const noexcept {
    return std::max(stored + 1, newest_);
  }
  // The certificates whose heads have changed after the first revision, up to the second.
  std::vector<KnownCertificate> changed_between(EtcdRevision after, EtcdRevision to) const;
  // The kinds of records that a certificate has.
  std::set<std::string> kinds_of(const std::string& name) const;
  // Whether a version of any certificate is tried out (store/staging.h).
  bool has_canary() const noexcept { return !canaries_.empty(); }

  // The next synchronise() takes everything in again, because more may open now.
  void hear_all_again() {
    for (auto& [name, known] : heads_) known.heard = 0;
    for (auto& [key, known] : others_) known.heard = 0;
  }
  // Forgets etcd's revisions, and keeps what the heads were.
  void forget_revisions() {
    for (auto& [name, known] : heads_) known.modified = known.heard = 0;
    others_.clear();
    synchronised_ = 0;
  }

  // The newest revision that was heard of, or was written here.
  EtcdRevision newest() const noexcept { return newest_; }

  // The certificates whose newest head could not be applied.
  const FailedCopies& failed() const noexcept { return failed_; }
  // Grows when a synchronise() finds that etcd has gone back. Then the fleet's keys may also be
  // different.
  std::uint64_t times_gone_back() const noexcept { return times_gone_back_; }
  // Grows with every head that is heard of.
  std::uint64_t heads_heard() const noexcept { return heads_heard_; }

  // Requests whose ids begin like this one: those that were taken, and the version of their record;
  // 0: there is no record.
  struct Taken {
    TakenRequests requests = {};
    std::uint64_t version = 0;
  };
  Taken taken_like(std::string_view id) const;

  // Ignores the key from now on, although etcd may still have it for a while.
  void pass_over(const std::string& key) { passed_over_.insert(key); }

 private:
  struct KnownKey {
    EtcdRevision modified = 0;
    EtcdRevision heard = 0;
    EtcdRevision changed = 0;  // when it was heard of, put or removed; 0: not yet

    void remove(EtcdRevision at) noexcept {
      modified = 0;
      heard = std::max(heard, at);
    }
  };
  using Payloads = std::map<std::string, std::string, std::less<>>;

  Result<void> apply_event(const EtcdEvent& event, const Payloads& payloads);
  Result<void> apply_head(const std::string& name, const EtcdEvent& event,
                          const Payloads& payloads);
  // True when what servers show has changed.
  struct HeadChange {
    const Head& now;
    const Head& before;
  };
  Result<bool> copy_versions(const std::string& name, const HeadChange& change,
                             const Payloads& payloads);
  bool is_here(const std::string& name, const Head::Version& wanted, const Head& before) const;
  Result<bool> copy_response(const std::string& name, const Head::Version& version,
                             const Payloads& payloads);
  Result<void> forget(const std::string& name, EtcdRevision revision);
  // False when it does not count, because it does not open or is older than what was there before.
  Result<bool> apply_record(const Slot& slot, const EtcdEvent& event);
  bool is_older(const Slot& slot, const store::StoredRecord& record, const EtcdItem& item);
  void look_at_canary(const std::string& name);
  Result<bool> apply_taken(const Slot& slot, const EtcdEvent& event);
  void tell_if_expired(const store::Ticket& ticket);
  Result<void> apply_request(const Slot& slot, const EtcdEvent& event);
  // As apply_record().
  Result<bool> apply_grant(const Slot& slot, const EtcdEvent& event);
  Result<Secret> payload(const std::string& key, const Payloads& payloads);
  // nullopt, and logged, when the fleet has not sealed it.
  std::optional<Secret> open(const EtcdItem& item);
  Result<EtcdPage> read_shelf(Shelf shelf);
  bool has_gone_back(EtcdRevision now, const std::vector<EtcdItem>& items) const;
  Result<void> take_in(const EtcdEvent& event, const Payloads& payloads);
  Result<void> drop_stale_records(const std::set<std::string>& listed, EtcdRevision revision);
  void drop_stale_requests(const std::set<std::string>& listed);
  // A request that is gone cannot be put back any more when it is good no longer.
  void note_gone(const std::string& key);
  void forget_gone();
  bool is_old_grant(const std::string& name, const store::StoredRecord& note, const EtcdItem& item);
  void keep_granted_mark();
  void forget_granted_mark();

  EtcdClient& etcd_;
  const FleetLayout& layout_;
  const FleetKeys& keys_;
  const store::FileReader& reader_;
  const CacheWriter cache_;
  Log& log_;
  std::map<std::string, KnownHead> heads_;
  std::map<std::string, KnownKey> others_;
  std::set<std::string> passed_over_;
  // Keys of requests that are gone, the oldest first, and when that was heard of, by etcd's clock.
  std::deque<std::pair<Time, std::string>> gone_;
  std::set<std::string> canaries_;  // certificates of which a version is tried out
  FailedCopies failed_;
  std::uint64_t heads_heard_ = 0;
  EtcdRevision synchronised_ = 0;
  EtcdRevision newest_ = 0;  // that was heard of
  // When a note of a renewal was put or removed the last time: as it was heard of, and as it
  // counts.
  EtcdRevision granted_heard_ = 0;
  EtcdRevision granted_to_ = 0;
  std::uint64_t times_gone_back_ = 0;
  std::set<std::string> strangers_;  // ids of strangers' keys that were logged
};

}  // namespace ccm::fleet
