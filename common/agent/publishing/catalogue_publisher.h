// SPDX-License-Identifier: Apache-2.0
// Keeps the catalogues of the publication equal to the store: adds certificates when they are
// stored, replaces them when their versions change, and removes them when they are forgotten. When
// the store has lost everything, what is shown stays.
// Belongs to the agent's main thread. Works in small steps, so that it delays nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "publication/catalogue/catalogue_writer.h"
#include "store/catalogued.h"
#include "store/store_reader.h"

namespace ccm::agent {

class CataloguePublisher {
 public:
  // Every entry is looked at within this time, to find changes that no Store made, such as a
  // restored backup.
  static constexpr Seconds kRound{300};
  // At most this many in a second. So a large catalogue costs no more than one of 3,000, and a
  // round of 100,000 takes three hours.
  static constexpr std::size_t kMostTurns = 10;
  // The most entries that one step looks at.
  static constexpr std::size_t kMostLooks = 200;

  using Catalogues = std::span<const std::unique_ptr<publication::CatalogueWriter>>;

  // Borrows all. `specs` say what of the store each catalogue shows; a catalogue without a spec
  // shows everything. `has_copy`: whether the leader has a last copy of an entry, and so will put
  // it back when the store has lost it (last_copies.h).
  CataloguePublisher(Catalogues catalogues, const store::StoreReader& store, Log& log,
                     std::span<const config::CatalogueSpec> specs = {},
                     std::function<bool(const std::string& entry)> has_copy = {})
      : catalogues_(catalogues),
        store_(store),
        log_(log),
        specs_(specs),
        has_copy_(std::move(has_copy)) {}

  // One step; cheap when nothing has changed. `now` and `since` are the same moment.
  void refresh(Time now, SteadyTime since);
  // Looks again at entries that were kept back because of their dates, for instance when the clock
  // was wrong.
  void clock_was_set();
  // Whether the next step should come at once.
  bool has_more() const noexcept { return !waiting_.empty(); }

 private:
  void look_for_changes();
  void begin_round(SteadyTime since);
  void take_turns(SteadyTime since);
  Seconds round_time() const noexcept;
  void look_at(const std::string& entry, Time now);
  bool has_lost(const std::string& entry);
  bool has_lost_everything();
  bool is_selected(const publication::CatalogueWriter& catalogue, const std::string& entry) const;
  void put(publication::CatalogueWriter& catalogue, const std::string& entry, const Traces& traces,
           Time now);
  void note(std::string change);
  void complain(const std::string& entry, const std::string& problem);
  void say_what_changed();

  Catalogues catalogues_;
  const store::StoreReader& store_;
  Log& log_;
  std::span<const config::CatalogueSpec> specs_;
  std::function<bool(const std::string& entry)> has_copy_;
  store::Revision revision_;
  std::set<std::string> waiting_;  // to be looked at
  std::set<std::string> unread_;   // the store could not be read in the last step
  std::vector<std::string> round_;
  std::size_t turn_ = 0;
  std::optional<SteadyTime> last_;
  std::map<std::string, Traces> unfit_;            // may not be shown; as the files were then
  std::set<std::string> unstapled_;                // shown without their stored OCSP response
  std::map<std::string, std::string> complaints_;  // logged already
  std::vector<std::string> changed_;               // sentences about the last step, a few of them
  std::size_t changes_ = 0;
  std::set<std::string> told_;   // the store has reported a change of these
  std::optional<bool> is_bare_;  // whether the store has no entry at all, asked once in a step
  bool has_said_lost_ = false;
  bool is_complete_ = false;  // whether every entry was looked at once
};

}  // namespace ccm::agent
