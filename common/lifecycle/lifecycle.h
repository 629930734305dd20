// SPDX-License-Identifier: Apache-2.0
// The engine: keeps every configured certificate valid. It decides under a lock and acts outside
// it: the agent's main thread asks what is due; worker threads run the attempts, which may wait for
// the cloud. Used only while holding the store's lease.
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
#include "lifecycle/attempt/canary.h"
#include "lifecycle/attempt/last_copy.h"
#include "lifecycle/attempt/responder.h"
#include "lifecycle/schedule/deadline.h"
#include "lifecycle/schedule/health.h"
#include "lifecycle/schedule/state.h"
#include "lifecycle/schedule/timers.h"
#include "sources/source.h"
#include "store/answer.h"
#include "store/store.h"

namespace ccm::lifecycle {

class Lifecycle {
 public:
  struct Parts {
    const config::Config& config;
    store::Store& store;
    // Gives the source of a certificate. Thread-safe; the reference stays valid as long as the
    // engine lives.
    std::function<sources::Source&(const config::SourceSpec& source)> source_of;
    const Clock& clock;
    Log& log;
    std::string launch_id;
    // Is asked for a response before a certificate that demands stapling is shown; nullptr: nobody
    // is asked.
    const Responder* responder = nullptr;
    Events& events = no_events();
    // The counts of a version that is tried out. Empty: nothing is counted.
    CanaryCounter canary_counter = {};
    // Empty: there are no copies of what the store has lost.
    LastCopyOf last_copy_of = {};
  };
  explicit Lifecycle(Parts parts)
      : parts_(std::move(parts)), health_(parts_.store, parts_.events) {}

  // Reads the persisted states: call once after becoming leader (the lease is the proof). A state
  // that was reached with other settings or, unless the service asked us to stay away, by an
  // earlier configuration load starts afresh; renewal times are computed from what is installed.
  void start(const store::Lease& lease);

  // The certificates whose installed version start() did not find in order.
  std::vector<const config::CertificateSpec*> unsettled() const;

  // Selects certificates.
  struct Choice {
    const config::SourceKind* kind = nullptr;  // of their source; nullptr: any
    bool is_only_wanted = false;               // only those whose renewal an operator wants
  };

  // At most `limit` certificates that are due now and not in work; marks them as in work. Those
  // whose renewal an operator wants come first, then the most overdue. The cost depends on how many
  // are due, not on how many wait.
  std::vector<std::string> take_due(Time now, std::size_t limit, const Choice& choice);
  std::vector<std::string> take_due(Time now, std::size_t limit) {
    return take_due(now, limit, Choice{});
  }
  // Makes one attempt for a name that take_due() has returned. Any thread.
  void attempt(const std::string& name, const store::Lease& lease) noexcept;
  // Something outside the schedule calls for a look: the certificate is said to be revoked. It is
  // due at once, or at the end of the attempt in progress. Not if the service asked us to stay
  // away.
  void hasten(const std::string& name);
  // The same without a revocation: the store has another state of it than was known.
  void look_soon(const std::string& name);
  // Makes certificates due at once whose canary has to be ended. Costs only what is tried out.
  void watch_canaries();
  // The minimum over all states that are not in work; Time::max() when there is none.
  Time next_wake(const Choice& choice) const;
  Time next_wake() const { return next_wake(Choice{}); }
  // The wall clock was set forward by `by` (back when negative): computes all times again.
  // Certificates that failed may have failed because of the wrong time, so they are due at once.
  void clock_was_set(Seconds by);

  // An operator wants the certificate renewed now, at any age and even when it is held (hold.h). It
  // is due at once, or after the attempt that is under way. The renewal stays wanted until an
  // attempt gives the last answer (store/answer.h). False when the certificate is not configured.
  bool ask_for_renewal(const std::string& name);
  // The same for a renewal that an earlier agent did not finish. It keeps waiting for what it
  // waited for then.
  bool resume_renewal(const std::string& name);
  // Whether an operator still wants a renewal of this certificate.
  bool is_asked_for(const std::string& name) const;
  // The answers to operators' renewals since the last call, by certificate name, oldest first.
  std::vector<std::pair<std::string, store::Answer>> take_answers();
  // Somebody else has changed what is installed: finds out the certificate's state again, and drops
  // a renewal that an operator wanted. Does nothing while the certificate is in work.
  void look_again(const std::string& name);
  bool is_in_work(const std::string& name) const;

 private:
  struct Entry {
    const config::CertificateSpec* spec;
    State state;
    std::uint64_t record_version = 0;
    bool in_work = false;
    bool is_wanted = false;                 // an operator wants a renewal from the next attempt
    bool is_serving = false;                // an attempt that an operator wants is in progress
    bool is_hastened = false;               // due at once, whatever the state says
    bool is_unwritten = false;              // its record could not be written, and that was logged
    bool is_revoked = false;                // said to be revoked; for the next attempt
    Time activates_at = Time::max();        // when a version that waits becomes current
    std::optional<Deadline> deadline = {};  // of what is installed, if known

    Time due_at() const noexcept {
      return is_hastened ? Time{} : std::min(due(state), activates_at);
    }
  };
  // One kind of source; whether an operator wants the renewal.
  using Queue = std::pair<const config::SourceKind*, bool>;

  // Fills in a new entry from the store. Returns what is tried out.
  std::optional<store::Canary> complete(Entry& entry) const;
  State initial_state(const Entry& entry, const PersistedState& persisted) const;
  // Reads what the schedule needs of the store. Returns what is tried out.
  std::optional<store::Canary> look_at_store(Entry& entry) const;
  // The state, with waits shortened that are longer than they could be from now on.
  State bounded(const Entry& entry, const State& state) const;
  void run(const std::string& name, const store::Lease& lease);
  // With the lock held. nullptr when it is not due at once: the service asked us to stay away.
  Entry* make_due(const std::string& name);
  // To be called with the lock held, after every change that affects when an entry is due.
  void plan(const Entry& entry);
  // With the lock held: the first entry of the choice that is due and whose renewal an operator
  // wants, or does not want; nullptr when there is none.
  const Timers<Queue>::Due* first(const Choice& choice, bool is_wanted) const;
  // With the lock held.
  void note_canary(const std::string& name, const std::optional<store::Canary>& canary);
  // With the lock held: an attempt has ended.
  void finish(Entry& entry, State after, store::Answer answer);
  void persist(Entry& entry, const State& state, const store::Lease& lease);

  Parts parts_;
  Health health_;
  // Guards what follows, except specs and is_unwritten, which only workers use.
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, store::Canary, std::less<>> canaries_;  // what is tried out, by certificate
  Timers<Queue> timers_;                                        // of entries that are not in work
  std::vector<std::pair<std::string, store::Answer>> answers_;
};

}  // namespace ccm::lifecycle
