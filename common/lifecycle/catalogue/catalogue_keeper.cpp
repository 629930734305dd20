// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/catalogue/catalogue_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/backoff.h"
#include "base/boundary.h"
#include "base/sentences.h"
#include "config/source_kinds.h"
#include "crypto/certificate/names.h"
#include "store/forgetting.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Backoff kLookAgain{.first = 10s, .longest = 30min};
constexpr Seconds kAfterDefect{60};
constexpr std::size_t kNamesInSentence = 3;
constexpr std::size_t kMostPartings = 200;  // in one look

}  // namespace

CatalogueKeeper::CatalogueKeeper(Parts parts) : parts_(std::move(parts)), members_(parts_.store) {
  for (const config::CatalogueSpec& each : parts_.config.catalogues()) {
    const std::string name = each.selection();
    const bool is_known = std::any_of(selections_.begin(), selections_.end(),
                                      [&](const Selection& other) { return other.name == name; });
    if (each.kind == nullptr || is_known) continue;
    selections_.push_back({.catalogue = &each,
                           .name = name,
                           .glance = {},
                           .ids = {},
                           .report = {.selection = name, .problem = {}}});
  }
}

void CatalogueKeeper::ask(const std::vector<std::string>& names) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = parts_.clock.steady_now();
  for (const std::string& text : names) {
    auto name = crypto::parse_server_name(text);
    if (name && !crypto::is_ip_address(*name)) asked_for_.ask(*std::move(name), now);
  }
  if (asked_for_.is_waiting()) wake_ = std::min(wake_, now + asked_for_.wait(now));
}

Time CatalogueKeeper::next_wake() const {
  const std::lock_guard lock(mutex_);
  const auto left = std::chrono::ceil<Seconds>(wake_ - parts_.clock.steady_now());
  return parts_.clock.now() + std::max(left, Seconds(0));
}

void CatalogueKeeper::work(const store::Lease& lease) noexcept {
  const auto on_failure = [&](const char* what) {
    parts_.log.error("catalogues: a defect of the program: {}", what);
    const std::lock_guard lock(mutex_);
    wake_ = parts_.clock.steady_now() + kAfterDefect;
  };
  at_boundary(0, on_failure, [&] {
    run(lease);
    return 0;
  });
}

void CatalogueKeeper::run(const store::Lease& lease) {
  if (!std::exchange(is_loaded_, true)) members_.load();
  const bool is_moved = look_at_configured();
  for (Selection& selection : selections_) {
    if (is_moved) selection.next_list = {};
    if (selection.due <= parts_.clock.steady_now()) look(selection, lease);
  }
  look_for_asked(lease);
  fetch_some(lease);
  report(lease);
  plan();
}

void CatalogueKeeper::plan() {
  const SteadyTime now = parts_.clock.steady_now();
  SteadyTime wake = SteadyTime::max();
  for (const Selection& selection : selections_) wake = std::min(wake, selection.due);
  if (!turns_.empty()) {
    wake =
        std::min(wake, std::max({turns_.begin()->first, paused_until_, now + fetches_.wait(now)}));
  }
  const std::lock_guard lock(mutex_);
  if (asked_for_.is_waiting()) wake = std::min(wake, now + asked_for_.wait(now));
  wake_ = wake;
}

// Only what has changed is read.
bool CatalogueKeeper::look_at_configured() {
  store::Changes changes = parts_.store.changes_since(revision_);
  revision_ = changes.revision;
  std::vector<std::string> names;
  if (changes.names) names = *std::move(changes.names);
  for (const config::CertificateSpec& spec : parts_.config.certificates()) {
    if (!changes.names) names.push_back(spec.name);
  }
  bool has_changed = false;
  for (const std::string& name : names) {
    if (parts_.config.find(name) == nullptr) continue;
    const auto described = parts_.store.describe(name);
    const std::string origin =
        described && described->info ? described->info->origin : std::string();
    std::string& before = origins_[name];
    if (before == origin) continue;
    const auto known = configured_.find(before);
    if (known != configured_.end() && known->second == name) configured_.erase(known);
    before = origin;
    if (!origin.empty()) configured_.insert_or_assign(origin, name);
    has_changed = true;
  }
  return has_changed;
}

void CatalogueKeeper::look(Selection& selection, const store::Lease& lease) {
  sources::Collection& collection = parts_.collection_of(*selection.catalogue->kind);
  auto glance = collection.glance(*selection.catalogue);
  if (!glance) return failed(selection, glance.error());
  const SteadyTime now = parts_.clock.steady_now();
  selection.due = now + selection.catalogue->check_interval;
  const bool is_unchanged = selection.failures == 0 && *glance == selection.glance;
  if (is_unchanged && now < selection.next_list) return;
  auto inventory = collection.list(*selection.catalogue);
  if (!inventory) return failed(selection, inventory.error());
  selection.failures = 0;
  selection.glance = *std::move(glance);
  selection.next_list = now + kBetweenLists;
  selection.report.problem.clear();
  take_list(selection, *std::move(inventory), lease);
}

void CatalogueKeeper::failed(Selection& selection, const Error& error) {
  ++selection.failures;
  const auto wait = error.retry_after().value_or(
      std::chrono::ceil<Seconds>(kLookAgain.delay(selection.failures)));
  selection.due = parts_.clock.steady_now() + wait;
  if (std::exchange(selection.report.problem, error.message()) == error.message()) return;
  const bool is_lost = members_.count(selection.name) == 0;
  parts_.log.error(
      "catalogue of {}: {}; {}, and the account is asked again in {}", selection.name,
      error.message(),
      is_lost ? "nothing is stored of it, so it shows nothing" : "what is stored of it is shown",
      format_duration(wait));
}

void CatalogueKeeper::take_list(Selection& selection, sources::Inventory inventory,
                                const store::Lease& lease) {
  std::set<std::string> listed;
  for (const auto& item : inventory.items) listed.insert(item.id);
  std::vector<std::string> dropped;
  for (auto& [id, wanted] : wanted_) {
    if (listed.contains(id)) continue;
    wanted.selections.erase(selection.name);
    if (wanted.selections.empty()) dropped.push_back(id);
  }
  // Certificates that no list shows and that were found by name can be found again.
  for (const std::string& id : dropped) drop_wanted(id);
  selection.ids = std::move(listed);
  selection.report.listed = static_cast<std::int64_t>(inventory.items.size());
  selection.report.hidden = inventory.hidden;
  selection.report.looked_at = parts_.clock.now();
  for (sources::CollectedItem& item : inventory.items) {
    notice(selection, std::move(item), lease);
  }
  std::size_t partings = 0;
  for (const std::string& id : members_.ids_of(selection.name)) {
    if (selection.ids.contains(id)) continue;
    // The rest follows with the next list, which then comes soon.
    if (++partings > kMostPartings) {
      selection.next_list = selection.due;
      break;
    }
    part_with(selection, id, lease);
  }
}

std::string CatalogueKeeper::entry_of(const config::SourceKind& kind, const std::string& id) const {
  return fmt::format("{}_{}", kind.word, id);
}

bool CatalogueKeeper::is_own(const CatalogueMembers::Member& member, const std::string& id) const {
  return member.entry.ends_with("_" + id) && parts_.config.find(member.entry) == nullptr;
}

void CatalogueKeeper::notice(Selection& selection, sources::CollectedItem item,
                             const store::Lease& lease) {
  const std::string id = item.id;
  const config::SourceKind& kind = *selection.catalogue->kind;
  const auto configured = configured_.find(item.origin);
  const bool is_configured = configured != configured_.end();
  const std::string entry = is_configured ? configured->second : entry_of(kind, id);
  const CatalogueMembers::Member* member = members_.find(id);
  // ccmctl may have restored a backup or removed the entry.
  const bool is_there = member != nullptr && parts_.store.current_version(member->entry) != 0;
  if (is_there && member->entry == entry && member->what.mark == item.mark) {
    if (member->is_in(selection.name)) return;
    store::Membership more = member->what;
    more.selections.push_back(selection.name);
    if (auto put = members_.put(lease, entry, more); !put) {
      parts_.log.warn("certificate \"{}\": {}", entry, put.error().message());
    }
    return;
  }
  if (!is_there && store::is_forgotten(parts_.store, entry)) return;
  const auto [place, is_new] =
      wanted_.try_emplace(id, Wanted{.item = item, .kind = &kind, .selections = {}, .problem = {}});
  Wanted& wanted = place->second;
  wanted.selections.insert(selection.name);
  if (!is_new && wanted.item.mark == item.mark) return;
  wanted.item = std::move(item);
  wanted.failures = 0;
  set_turn(id, wanted, parts_.clock.steady_now());
}

bool CatalogueKeeper::is_needed(const Selection& selection, const CatalogueMembers::Member& member,
                                const std::string& id) const {
  const Time now = parts_.clock.now();
  if (member.what.end <= now || !parts_.was_asked_for || !parts_.was_asked_for(member.entry)) {
    return false;
  }
  return std::any_of(
      member.what.names.begin(), member.what.names.end(),
      [&](const std::string& name) { return !members_.covers(name, selection.name, now, id); });
}

// The account's list does not have it any more.
void CatalogueKeeper::part_with(Selection& selection, const std::string& id,
                                const store::Lease& lease) {
  const CatalogueMembers::Member member = *members_.find(id);
  auto standing = parts_.collection_of(*selection.catalogue->kind).standing(id);
  if (!standing) {
    parts_.log.warn("certificate \"{}\": {}", member.entry, standing.error().message());
    selection.next_list = selection.due;
    return;
  }
  const bool is_out_of_sight = *standing == sources::Standing::usable && !selection.catalogue->tag;
  if (is_out_of_sight) return;
  if (*standing != sources::Standing::revoked && is_needed(selection, member, id)) {
    const std::string problem =
        "the account has it no more, or not with this tag; clients ask for it, and nothing else "
        "covers its names, so it stays until something does, or until it ends";
    if (std::exchange(said_[id], problem) != problem) {
      parts_.log.warn("certificate \"{}\" for {}: {}", member.entry,
                      enumerated(member.what.names, kNamesInSentence), problem);
    }
    return;
  }
  if (auto left = members_.leave(lease, id, selection.name, is_own(member, id)); !left) {
    parts_.log.warn("certificate \"{}\": {}", member.entry, left.error().message());
    selection.next_list = selection.due;
    return;
  }
  said_.erase(id);
  parts_.log.info("catalogue of {}: certificate \"{}\" is {}", selection.name, member.entry,
                  *standing == sources::Standing::revoked ? "revoked" : "there no more");
}

void CatalogueKeeper::look_for_asked(const store::Lease& lease) {
  for (;;) {
    std::optional<std::string> name;
    {
      const std::lock_guard lock(mutex_);
      name = asked_for_.next(parts_.clock.steady_now());
    }
    if (!name) return;
    bool is_found = false;
    for (Selection& selection : selections_) {
      // The name may have been asked for before its certificate was fetched.
      const bool is_here = members_.covers(*name, selection.name, parts_.clock.now());
      is_found = is_found || is_here;
      if (is_here) continue;
      auto items =
          parts_.collection_of(*selection.catalogue->kind).find(*selection.catalogue, *name);
      if (!items) {
        parts_.log.warn("catalogue of {}: whether it has \"{}\", which a client asked for: {}",
                        selection.name, *name, items.error().message());
        continue;
      }
      is_found = is_found || !items->empty();
      for (sources::CollectedItem& item : *items) notice(selection, std::move(item), lease);
    }
    if (is_found) continue;
    const std::lock_guard lock(mutex_);
    asked_for_.note_no(*std::move(name), parts_.clock.steady_now());
  }
}

void CatalogueKeeper::say_how_far(Selection& selection, const store::SelectionReport& now) const {
  const store::SelectionReport& before = selection.report;
  const bool is_complete = now.stored + now.refused >= now.listed;
  const bool was_complete = before.stored + before.refused >= before.listed;
  if (is_complete && (!was_complete || before.stored == 0) && now.listed > 0) {
    parts_.log.notice(
        "catalogue of {}: the account shows {} certificates; {} are stored here{}", now.selection,
        now.listed, now.stored,
        now.refused == 0 ? std::string() : fmt::format(", {} cannot be used", now.refused));
  }
}

void CatalogueKeeper::report(const store::Lease& lease) {
  std::vector<store::SelectionReport> reports;
  for (Selection& selection : selections_) {
    store::SelectionReport now = selection.report;
    now.stored = static_cast<std::int64_t>(members_.count(selection.name));
    now.refused = static_cast<std::int64_t>(
        std::count_if(wanted_.begin(), wanted_.end(), [&](const auto& each) {
          return !each.second.problem.empty() && each.second.selections.contains(selection.name);
        }));
    say_how_far(selection, now);
    selection.report = now;
    reports.push_back(std::move(now));
  }
  const auto said = std::exchange(reported_, reports);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const bool is_news = i >= said.size() || said[i].hidden != reports[i].hidden;
    if (reports[i].hidden == 0 || !is_news) continue;
    parts_.log.warn(
        "catalogue of {}: the account says that it has {} more certificates than any list of it "
        "shows; each of them is looked for when a client asks for its name",
        reports[i].selection, reports[i].hidden);
  }
  if (said == reports) return;
  if (auto written = store::write_selection_reports(parts_.store, lease, reports); !written) {
    parts_.log.warn("catalogues: {}", written.error().message());
  }
}

}  // namespace ccm::lifecycle
