// SPDX-License-Identifier: Apache-2.0
#include "server/start/catalogue_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/catalogue_membership.h"
#include "store/catalogued.h"
#include "store/forgetting.h"

namespace ccm::server {
namespace {

using publication::Catalogued;
using publication::CatalogueWriter;

class Filling {
 public:
  Filling(const CatalogueStart& start, CatalogueWriter& catalogue, Log& log)
      : start_(start), catalogue_(catalogue), log_(log) {
    for (const config::CatalogueSpec& each : start.specs) {
      if (each.name == catalogue.name()) spec_ = &each;
    }
    if (spec_ != nullptr && spec_->kind != nullptr) selection_ = spec_->selection();
  }

  void run() {
    take_over();
    if (!start_.is_store_believed) return;
    const auto& entries = start_.entries;
    if (!entries) {
      log_.error("catalogue \"{}\": {}", catalogue_.name(), entries.error().message());
      return;
    }
    if (store::is_store_bare(start_.store, *entries)) return keep();
    remove_all_but(*entries);
    ask_what_changed();
    for (const std::string& entry : *entries) load(entry);
    show_lost();
  }

 private:
  // Nobody forgets all certificates at once, so the store must have lost them.
  void keep() {
    if (start_.shortcuts != nullptr) {
      for (const publication::SnapshotEntry* entry : start_.shortcuts->in_force()) {
        if (catalogue_.find(entry->name) == nullptr && is_selected(entry->name)) show(*entry);
      }
    }
    if (catalogue_.size() == 0) return;
    log_.error(
        "catalogue \"{}\": the store has lost all certificates; what was shown before stays ({} "
        "certificates)",
        catalogue_.name(), catalogue_.size());
  }

  // The previous segment had the same catalogue, but other certificates beside it.
  void take_over() {
    const auto* before =
        start_.previous == nullptr ? nullptr : start_.previous->catalogue(catalogue_.name());
    if (before == nullptr || catalogue_.size() > 0) return;
    before->for_each([&](const Catalogued& each) {
      put(each.facts.entry, each.facts.traces, each.published.bundle, each.published.ocsp_response);
    });
  }

  // The snapshot holds nothing that was forgotten, so the store has lost what is only there. The
  // record that says which catalogues of an account show it is lost, too; this catalogue showed it.
  void remove_all_but(const std::vector<std::string>& stored) {
    for (const std::string& entry : catalogue_.entries()) {
      if (std::binary_search(stored.begin(), stored.end(), entry)) continue;
      if (copy_of(entry) != nullptr) {
        ++lost_;
      } else {
        catalogue_.remove(entry);
      }
    }
  }

  // nullptr: there is none that can be shown.
  const publication::SnapshotEntry* copy_of(const std::string& entry) const {
    return start_.shortcuts == nullptr ? nullptr : start_.shortcuts->copy_for_catalogue(entry);
  }

  bool show(const publication::SnapshotEntry& copy) {
    return catalogue_.put_encoded(copy.name, copy.traces(), copy.value).has_value();
  }

  // Asks the store which entries have changed since the snapshot, such as what was forgotten. The
  // others are not looked at.
  void ask_what_changed() {
    const auto revision = start_.shortcuts == nullptr ? std::nullopt : start_.shortcuts->revision();
    if (!revision) return;
    store::Changes changes = start_.store.changes_since(*revision);
    if (changes.names) changed_.emplace(changes.names->begin(), changes.names->end());
  }

  // The copy, if the store has told of no change of the certificate. The agent corrects at its
  // start what that misses, such as a restored backup.
  const publication::SnapshotEntry* unchanged(const std::string& entry) const {
    return changed_ && !changed_->contains(entry) ? copy_of(entry) : nullptr;
  }

  Traces traces_of(const std::string& entry) const {
    const auto* copy = unchanged(entry);
    if (!is_selected(entry, copy)) return {};
    return copy != nullptr ? copy->traces() : store::traces_of(start_.store, entry);
  }

  void load(const std::string& entry) {
    const Traces traces = traces_of(entry);
    const Traces* shown = catalogue_.find(entry);
    if (traces.version == 0) {
      catalogue_.remove(entry);
      return;
    }
    if (shown != nullptr && *shown == traces) return;
    const auto* copy = copy_of(entry);
    if (copy != nullptr && copy->traces() == traces && show(*copy)) return;
    auto found = store::load_for_catalogue(start_.store, entry, shown != nullptr, start_.now);
    if (!found) return say(entry, found.error().message());
    if (found->problem && shown == nullptr && show_instead(copy, *found)) return;
    if (found->problem) say(entry, found->problem->message());
    if (!found->certificate) return;
    put(entry, traces, found->certificate->bundle, found->response);
  }

  // After a start of the server there is no previous segment, only the snapshot. For a catalogue of
  // an account it is not enough to have been selected when the snapshot was written: the account
  // may have revoked the certificate since, and without a record nobody takes it out again.
  void show_lost() {
    if (start_.shortcuts == nullptr) return;
    for (const publication::SnapshotEntry* copy : start_.shortcuts->in_force()) {
      const std::string& name = copy->name;
      if (catalogue_.find(name) != nullptr || !is_selected(name, unchanged(name))) continue;
      if (start_.store.current_version(name) != 0) continue;
      if (store::is_forgotten(start_.store, name) || !is_selected(name)) continue;
      if (show(*copy)) ++lost_;
    }
    if (lost_ == 0) return;
    log_.error(
        "catalogue \"{}\": the store has lost certificates; what was shown before, or is in the "
        "snapshot and known to belong here, is shown until they are back ({} certificates)",
        catalogue_.name(), lost_);
  }

  // A copy is better than nothing, and better than an older version.
  bool show_instead(const publication::SnapshotEntry* copy, const store::ToCatalogue& found) {
    if (copy == nullptr) return false;
    if (found.certificate && found.certificate->info.number >= copy->version) return false;
    if (!show(*copy)) return false;
    say(copy->name, found.problem->message() + "; the copy in the snapshot is shown");
    return true;
  }

  bool is_selected(const std::string& entry) const {
    return selection_.empty() || store::is_selected(start_.store, entry, *spec_);
  }
  // `copy`: nullptr when the store must be asked.
  bool is_selected(const std::string& entry, const publication::SnapshotEntry* copy) const {
    if (selection_.empty() || copy == nullptr || !copy->selections) return is_selected(entry);
    const auto& all = *copy->selections;
    return std::find(all.begin(), all.end(), selection_) != all.end();
  }

  void put(const std::string& entry, const Traces& traces, const crypto::Bundle& bundle,
           std::span<const std::byte> response) {
    if (auto added = catalogue_.put(entry, traces, bundle, response); !added) {
      say(entry, added.error().message());
    }
  }

  void say(const std::string& entry, const std::string& problem) {
    log_.error("certificate \"{}\": {}", entry, problem);
  }

  const CatalogueStart& start_;
  CatalogueWriter& catalogue_;
  Log& log_;
  const config::CatalogueSpec* spec_ = nullptr;
  std::string selection_;  // empty: it shows everything in the store
  // Since the snapshot; nullopt: anything.
  std::optional<std::unordered_set<std::string>> changed_;
  std::size_t lost_ = 0;  // shown although the store no longer has them
};

}  // namespace

void fill_catalogues(const CatalogueStart& start, Log& log) {
  for (const auto& catalogue : start.writer.catalogues()) Filling(start, *catalogue, log).run();
}

}  // namespace ccm::server
