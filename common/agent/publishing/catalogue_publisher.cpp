// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/catalogue_publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sentences.h"
#include "store/catalogue_membership.h"
#include "store/forgetting.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kMostSentences = 5;
constexpr std::size_t kNamesShown = 3;

}  // namespace

void CataloguePublisher::refresh(Time now, SteadyTime since) {
  if (catalogues_.empty()) return;
  waiting_.merge(std::exchange(unread_, {}));
  is_bare_.reset();
  look_for_changes();
  take_turns(since);
  for (std::size_t left = kMostLooks; left > 0 && !waiting_.empty(); --left) {
    const std::string entry = std::move(waiting_.extract(waiting_.begin()).value());
    look_at(entry, now);
  }
  say_what_changed();
}

void CataloguePublisher::clock_was_set() {
  for (const auto& [entry, traces] : std::exchange(unfit_, {})) waiting_.insert(entry);
  waiting_.insert(unstapled_.begin(), unstapled_.end());
}

// Asks for changes before anything is read, so that a later change is reported the next time.
void CataloguePublisher::look_for_changes() {
  store::Changes changes = store_.changes_since(std::exchange(revision_, {}));
  revision_ = changes.revision;
  if (changes.names) {
    waiting_.insert(changes.names->begin(), changes.names->end());
    told_.insert(changes.names->begin(), changes.names->end());
    return;
  }
  if (auto names = store_.names()) waiting_.insert(names->begin(), names->end());
  for (const auto& catalogue : catalogues_) {
    for (std::string& entry : catalogue->entries()) waiting_.insert(std::move(entry));
  }
}

void CataloguePublisher::begin_round(SteadyTime since) {
  last_ = since;
  turn_ = 0;
  round_.clear();
  std::set<std::string> all;
  if (auto names = store_.names()) all.insert(names->begin(), names->end());
  for (const auto& catalogue : catalogues_) {
    for (std::string& entry : catalogue->entries()) all.insert(std::move(entry));
  }
  round_.assign(all.begin(), all.end());
}

Seconds CataloguePublisher::round_time() const noexcept {
  return std::max(kRound, Seconds(static_cast<Seconds::rep>(round_.size() / kMostTurns)));
}

// As many entries as the time since the last step allows.
void CataloguePublisher::take_turns(SteadyTime since) {
  if (!last_ || since - *last_ >= round_time()) {
    for (; turn_ < round_.size(); ++turn_) waiting_.insert(round_[turn_]);
    begin_round(since);
    return;
  }
  const auto passed = std::chrono::duration_cast<Seconds>(since - *last_).count();
  const std::size_t due = round_.size() * static_cast<std::size_t>(std::max(passed, {})) /
                          static_cast<std::size_t>(round_time().count());
  for (; turn_ < due; ++turn_) waiting_.insert(round_[turn_]);
}

void CataloguePublisher::look_at(const std::string& entry, Time now) {
  const Traces traces = store::traces_of(store_, entry);
  const auto unfit = unfit_.find(entry);
  if (unfit != unfit_.end()) {
    if (traces == unfit->second) return;
    unfit_.erase(unfit);
  }
  // The store also reports what was forgotten as a change.
  const bool was_told = told_.erase(entry) != 0;
  if (traces.version == 0 && !was_told && has_lost(entry)) return;
  for (const auto& catalogue : catalogues_) {
    const bool is_shown = traces.version != 0 && is_selected(*catalogue, entry);
    put(*catalogue, entry, is_shown ? traces : Traces(), now);
  }
}

bool CataloguePublisher::has_lost(const std::string& entry) {
  if (has_lost_everything()) return true;
  const bool is_shown =
      std::any_of(catalogues_.begin(), catalogues_.end(),
                  [&](const auto& catalogue) { return catalogue->find(entry) != nullptr; });
  return is_shown && has_copy_ && !store::is_forgotten(store_, entry) && has_copy_(entry);
}

bool CataloguePublisher::has_lost_everything() {
  std::size_t shown = 0;
  for (const auto& catalogue : catalogues_) shown += catalogue->size();
  if (shown == 0) return false;
  if (!is_bare_) is_bare_ = store::is_store_bare(store_);
  if (!*is_bare_) {
    has_said_lost_ = false;
  } else if (!std::exchange(has_said_lost_, true)) {
    log_.error(
        "the store has lost all certificates; what the catalogues show stays ({} certificates) "
        "until they are back",
        shown);
  }
  return *is_bare_;
}

bool CataloguePublisher::is_selected(const publication::CatalogueWriter& catalogue,
                                     const std::string& entry) const {
  const auto spec = std::find_if(specs_.begin(), specs_.end(),
                                 [&](const auto& each) { return each.name == catalogue.name(); });
  return spec == specs_.end() || store::is_selected(store_, entry, *spec);
}

void CataloguePublisher::put(publication::CatalogueWriter& catalogue, const std::string& entry,
                             const Traces& traces, Time now) {
  const Traces* shown = catalogue.find(entry);
  if (traces.version == 0) {
    complaints_.erase(entry);
    unstapled_.erase(entry);
    if (!catalogue.remove(entry)) return;
    return note(
        fmt::format("catalogue \"{}\": certificate \"{}\" is gone", catalogue.name(), entry));
  }
  const bool is_as_shown = shown != nullptr && *shown == traces;
  if (is_as_shown && !unstapled_.contains(entry)) return;
  auto found = store::load_for_catalogue(store_, entry, shown != nullptr, now);
  if (!found) {
    // The store cannot be read now, so the entry is looked at again.
    unread_.insert(entry);
    return complain(entry, found.error().message());
  }
  if (found->problem) complain(entry, found->problem->message());
  if (!found->certificate) {
    unfit_[entry] = traces;
    return;
  }
  const auto& certificate = *found->certificate;
  unstapled_.erase(entry);
  if (traces.response != 0 && found->response.empty()) unstapled_.insert(entry);
  auto added = catalogue.put(entry, traces, certificate.bundle, found->response);
  if (!added) {
    unfit_[entry] = traces;
    return complain(entry, added.error().message());
  }
  if (!found->problem) complaints_.erase(entry);
  if (!*added) return;
  note(
      fmt::format("catalogue \"{}\": certificate \"{}\" is shown, version {} for {} (serial {}, "
                  "valid until {})",
                  catalogue.name(), entry, certificate.info.number,
                  enumerated(certificate.bundle.leaf().names(), kNamesShown),
                  certificate.info.serial, format_time(certificate.info.not_after)));
}

void CataloguePublisher::note(std::string change) {
  ++changes_;
  if (changed_.size() < kMostSentences) changed_.push_back(std::move(change));
}

void CataloguePublisher::complain(const std::string& entry, const std::string& problem) {
  if (std::exchange(complaints_[entry], problem) == problem) return;
  log_.error("certificate \"{}\": {}", entry, problem);
}

// At the start, and when many change at once, one line describes all of them.
void CataloguePublisher::say_what_changed() {
  const bool is_first = !is_complete_ && waiting_.empty();
  if (is_first || (is_complete_ && changes_ > changed_.size())) {
    for (const auto& catalogue : catalogues_) {
      log_.notice("catalogue \"{}\": {} certificates are shown for {} names", catalogue->name(),
                  catalogue->size(), catalogue->name_count());
    }
  } else if (is_complete_) {
    for (const std::string& sentence : changed_) log_.notice("{}", sentence);
  }
  is_complete_ = is_complete_ || is_first;
  changed_.clear();
  changes_ = 0;
}

}  // namespace ccm::agent
