// SPDX-License-Identifier: Apache-2.0
// The engine: keeps every configured certificate valid. Decides under a lock, acts outside it: the
// agent's main thread asks what is due, its worker threads run the attempts, which may take as long
// as the cloud takes. Used only while holding the store's lease.
//
// Thread-safe, but for start(). Borrows what it is made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/canary.h"
#include "lifecycle/deadline.h"
#include "lifecycle/health.h"
#include "lifecycle/responder.h"
#include "lifecycle/state.h"
#include "lifecycle/timers.h"
#include "sources/source.h"
#include "store/answer.h"
#include "store/store.h"

namespace ccm::lifecycle {

class Lifecycle {
 public:
  struct Parts {
    const config::Config& config;
    store::Store& store;
    // Where a certificate comes from. Thread-safe; what it gives stays.
    std::function<sources::Source&(const config::SourceSpec& source)> source_of;
    const Clock& clock;
    Log& log;
    std::string launch_id;
    // Asked before a certificate goes live that demands stapling; nullptr: it goes without.
    const Responder* responder = nullptr;
    Events& events = no_events();
    // What was counted of a version that is tried out. Empty: nothing is known.
    CanaryCounter canary_counter = {};
  };
  explicit Lifecycle(Parts parts)
      : parts_(std::move(parts)), health_(parts_.store, parts_.events) {}

  // Reads the persisted states: call once after becoming leader (the lease is the proof). A state
  // that was reached with other settings or, unless the service asked us to stay away, by an
  // earlier configuration load starts afresh; renewal times are computed from what is installed.
  void start(const store::Lease& lease);

  // Those of which start() did not learn that what is installed is as it should be.
  std::vector<const config::CertificateSpec*> unsettled() const;

  // Which certificates are meant.
  struct Choice {
    const config::SourceKind* kind = nullptr;  // of their source; nullptr: any
    bool is_only_wanted = false;               // those that an operator wants
  };

  // Certificates that are due now and not in work, those that an operator wants first, then the
  // most overdue, marked as in work; at most `limit`. Costs what is due, not what waits.
  std::vector<std::string> take_due(Time now, std::size_t limit, const Choice& choice);
  std::vector<std::string> take_due(Time now, std::size_t limit) {
    return take_due(now, limit, Choice{});
  }
  // One attempt for a name that take_due gave: obtain, gate, install, new state, log. Any thread.
  void attempt(const std::string& name, const store::Lease& lease) noexcept;
  // Something outside the schedule speaks for a look at once, or at the end of the attempt that is
  // under way: the certificate is said to be revoked. Not when the service asked us to stay away.
  void hasten(const std::string& name);
  // Makes those due at once of which a version is tried out that is to be taken back. Costs what is
  // tried out.
  void watch_canaries();
  // The minimum over all states that are not in work; Time::max() when there is none.
  Time next_wake(const Choice& choice) const;
  Time next_wake() const { return next_wake(Choice{}); }
  // The wall clock was set by so much: what was worked out with the wrong time is worked out again.
  // What failed may have failed for that reason, and is looked at again at once.
  void clock_was_set(Seconds by);

  // An operator wants it renewed now, whatever its age and even when it is held (hold.h): due at
  // once, after the attempt that may be under way. It stays wanted, at every further attempt, until
  // one gets to an end (answer.h). False when it is not configured.
  bool ask_for_renewal(const std::string& name);
  // The same for what an earlier agent did not finish, which waits for what it waited for then.
  bool resume_renewal(const std::string& name);
  // Whether a renewal is wanted still.
  bool is_asked_for(const std::string& name) const;
  // What the attempts that operators wait for came to since the last call, in the order of time.
  std::vector<std::pair<std::string, store::Answer>> take_answers();
  // Somebody else changed what is installed: its state is found out anew, and a renewal that was
  // asked for before is not wanted any more. Not while it is in work.
  void look_again(const std::string& name);
  bool is_in_work(const std::string& name) const;

 private:
  struct Entry {
    const config::CertificateSpec* spec;
    State state;
    std::uint64_t record_version = 0;
    bool in_work = false;
    bool is_wanted = false;                 // by an operator, for the next attempt
    bool is_serving = false;                // an attempt that an operator wants is under way
    bool is_hastened = false;               // due at once, whatever the state says
    bool is_revoked = false;                // or said to be, for the next attempt
    Time activates_at = Time::max();        // a version that waits has its turn
    std::optional<Deadline> deadline = {};  // of what is installed, as far as is known

    Time due_at() const noexcept {
      return is_hastened ? Time{} : std::min(due(state), activates_at);
    }
  };
  // Those of one kind of source that an operator wants, or does not.
  using Queue = std::pair<const config::SourceKind*, bool>;

  // Of a new entry, from the store; what is tried out.
  std::optional<store::Canary> complete(Entry& entry) const;
  State initial_state(const Entry& entry, const PersistedState& persisted) const;
  // What is stored asks of the schedule; what is tried out.
  std::optional<store::Canary> look_at_store(Entry& entry) const;
  // The state again, with no wait in it that is longer than one from now on would be.
  State bounded(const Entry& entry, const State& state) const;
  void run(const std::string& name, const store::Lease& lease);
  // With the lock held, after every change of what decides when an entry has its turn.
  void plan(const Entry& entry);
  // With the lock held: the first of those that are meant and of which an operator wants, or does
  // not want, a renewal; nullptr when there is none.
  const Timers<Queue>::Due* first(const Choice& choice, bool is_wanted) const;
  // With the lock held.
  void note_canary(const std::string& name, const std::optional<store::Canary>& canary);
  // With the lock held: an attempt has ended.
  void finish(Entry& entry, State after, store::Answer answer);
  void persist(Entry& entry, const State& state, const store::Lease& lease);

  Parts parts_;
  Health health_;
  mutable std::mutex mutex_;  // guards all but specs and record versions, which only workers read
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, store::Canary, std::less<>> canaries_;  // what is tried out, by certificate
  Timers<Queue> timers_;                                        // of entries that are not in work
  std::vector<std::pair<std::string, store::Answer>> answers_;
};

}  // namespace ccm::lifecycle
