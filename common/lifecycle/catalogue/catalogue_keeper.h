// SPDX-License-Identifier: Apache-2.0
// Keeps in the store what catalogues of an account show (config/catalogue.h): looks at the account
// in turns, fetches each certificate once, passes it through the gate, and removes what the account
// does not have any more. An entry is named after the certificate's id in the account ("scm_ID"). A
// certificate that a configuration names stays in its configured entry and is shown from there.
//
// A certificate that has gone from the account stays while it is in force, clients ask for it and
// no other certificate covers one of its names. A revoked one goes at once. A successor is another
// certificate with another id, and workers show the one that ends last.
//
// Only one thread at a time calls work(); any thread may call ask() and next_wake(). Borrows all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/attempt/asked_for.h"
#include "lifecycle/attempt/last_copy.h"
#include "lifecycle/catalogue/catalogue_members.h"
#include "sources/collection.h"
#include "store/store.h"

namespace ccm::lifecycle {

class CatalogueKeeper {
 public:
  // At most this many fetches at once, and then in each minute.
  static constexpr double kMostFetchesAtOnce = 200;
  static constexpr double kMostFetchesInMinute = 1200;
  // An account that does not seem to have changed is still listed anew within this time.
  static constexpr Seconds kBetweenLists{3600};

  struct Parts {
    const config::Config& config;
    store::Store& store;
    std::function<sources::Collection&(const config::SourceKind&)> collection_of;
    const Clock& clock;
    Log& log;
    Events& events = no_events();
    // Whether clients have lately asked for the certificate of this entry; any thread.
    std::function<bool(const std::string& entry)> was_asked_for = {};
    // Certificates that the store has lost are put back from here, without a call to the cloud.
    LastCopyOf last_copy_of = {};
  };
  explicit CatalogueKeeper(Parts parts);

  // Whether there is a catalogue of an account.
  bool has_work() const noexcept { return !selections_.empty(); }
  // To be called with names that clients have asked for and no catalogue had. May be any text.
  void ask(const std::vector<std::string>& names);
  // When there is something to do.
  Time next_wake() const;
  // Does what is due, for at most some seconds.
  void work(const store::Lease& lease) noexcept;

 private:
  // Catalogues that show the same certificates.
  struct Selection {
    const config::CatalogueSpec* catalogue;
    std::string name;
    SteadyTime due{};
    SteadyTime next_list{};
    std::string glance;         // Collection::glance() at the last list
    std::set<std::string> ids;  // that were in the list, or found by name
    unsigned failures = 0;
    store::SelectionReport report;
  };
  // A certificate to be fetched.
  struct Wanted {
    sources::CollectedItem item;
    const config::SourceKind* kind;
    std::set<std::string> selections;
    SteadyTime turn{};
    unsigned failures = 0;
    std::string problem;
  };

  void run(const store::Lease& lease);
  // Whether the store has another certificate for one that a configuration names.
  bool look_at_configured();
  void look(Selection& selection, const store::Lease& lease);
  void failed(Selection& selection, const Error& error);
  void take_list(Selection& selection, sources::Inventory inventory, const store::Lease& lease);
  void notice(Selection& selection, sources::CollectedItem item, const store::Lease& lease);
  void part_with(Selection& selection, const std::string& id, const store::Lease& lease);
  bool is_needed(const Selection& selection, const CatalogueMembers::Member& member,
                 const std::string& id) const;
  std::string entry_of(const config::SourceKind& kind, const std::string& id) const;
  bool is_own(const CatalogueMembers::Member& member, const std::string& id) const;

  void look_for_asked(const store::Lease& lease);
  void fetch_some(const store::Lease& lease);
  bool put_back(const std::string& id, const Wanted& wanted, const store::Lease& lease);
  void fetch(const std::string& id, Wanted& wanted, const store::Lease& lease);
  Result<store::Membership> obtain(const Wanted& wanted, const std::string& entry,
                                   const store::Lease& lease);
  Result<void> install(const crypto::Bundle& bundle, const Wanted& wanted, const std::string& entry,
                       const store::Lease& lease);
  void put_off(const std::string& id, Wanted& wanted, const Error& error);
  void set_turn(const std::string& id, Wanted& wanted, SteadyTime turn);
  void drop_wanted(const std::string& id);

  void report(const store::Lease& lease);
  void say_how_far(Selection& selection, const store::SelectionReport& now) const;
  void plan();

  Parts parts_;
  CatalogueMembers members_;
  bool is_loaded_ = false;
  std::vector<Selection> selections_;
  std::map<std::string, Wanted> wanted_;                // by id
  std::set<std::pair<SteadyTime, std::string>> turns_;  // of those
  std::map<std::string, std::string> origins_;          // of entries that a configuration names
  std::map<std::string, std::string> configured_;       // those entries by origin
  store::Revision revision_;                            // up to which they were looked at
  std::map<std::string, std::string> said_;             // problems of certificates that were logged
  Allowance fetches_{kMostFetchesAtOnce, kMostFetchesInMinute};
  SteadyTime paused_until_{};  // the service wants that
  SteadyTime next_report_{};
  std::vector<store::SelectionReport> reported_;

  mutable std::mutex mutex_;  // guards the two
  AskedFor asked_for_;
  SteadyTime wake_{};
};

}  // namespace ccm::lifecycle
