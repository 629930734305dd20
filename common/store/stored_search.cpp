// SPDX-License-Identifier: Apache-2.0
#include "store/stored_search.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "crypto/certificate/names.h"
#include "crypto/verification/serving_rules.h"

namespace ccm::store {
namespace {

// The most candidates that are read completely, because damage is rare.
constexpr std::size_t kMostCandidates = 16;
// The most leaves of older versions that are read: reading one takes about a tenth of a
// millisecond, and a server waits to start. Files that turn out to be no leaf count, too, because
// anybody who can write here could plant them.
constexpr std::size_t kMostOlderLeaves = 5'000;

std::size_t count_covered(const std::vector<std::string>& patterns,
                          const std::vector<std::string>& names) {
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [&](const std::string& name) {
        return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
          return crypto::covers(pattern, name);
        });
      }));
}

}  // namespace

bool fits(const crypto::Certificate& leaf, const std::vector<std::string>& names, Time now) {
  return leaf.not_before() <= now && leaf.not_after() > now &&
         crypto::first_uncovered(leaf.names(), names).empty();
}

Result<void> check_stored(const StoredCertificate& stored, const std::vector<std::string>& names,
                          Time now) {
  const crypto::Bundle& bundle = stored.bundle;
  const bool are_in_force =
      std::all_of(bundle.chain().begin(), bundle.chain().end(), [now](const auto& certificate) {
        return certificate.not_before() <= now && certificate.not_after() > now;
      });
  if (stored.info.rules >= crypto::kServingRules && are_in_force &&
      crypto::first_uncovered(bundle.leaf().names(), names).empty()) {
    return {};
  }
  return crypto::check_serving({.names = names, .now = now}, bundle, crypto::path_of(bundle, now));
}

void StoredSearch::build(Index& index, Versions which) const {
  if (std::exchange(index.is_built, true)) return;
  const Result<std::vector<std::string>> entries = store_.names();
  if (!entries) return;
  std::size_t looks = 0;
  for (const std::string& entry : *entries) {
    const VersionNumber current = store_.current_version(entry);
    std::vector<VersionNumber> versions;
    if (which == Versions::older) versions = store_.versions(entry);
    if (which == Versions::current && current != 0) versions.push_back(current);
    for (const VersionNumber version : versions) {
      if (which == Versions::older && version == current) continue;
      if (which == Versions::older && ++looks > kMostOlderLeaves) return;
      Result<StoreReader::Glance> seen = store_.glance(entry, version);
      if (!seen) continue;
      std::vector<std::string> names = std::move(seen->leaf.names);
      index.by_name.add(names, index.leaves.size());
      index.leaves.push_back({.entry = entry,
                              .info = std::move(seen->info),
                              .names = std::move(names),
                              .key = seen->leaf.key_type});
    }
  }
}

std::optional<StoredSearch::Found> StoredSearch::best(const Index& index, const Wanted& wanted,
                                                      Cover cover) const {
  using Merit = std::tuple<std::size_t, bool, bool, bool, Time, VersionNumber>;
  std::vector<std::pair<Merit, std::size_t>> ranked;
  for (const std::size_t number : index.by_name.covering_any(wanted.names)) {
    const Leaf& leaf = index.leaves[number];
    const std::size_t covered = count_covered(leaf.names, wanted.names);
    const bool is_in_force = leaf.info.not_before <= now_ && leaf.info.not_after > now_;
    if (!is_in_force || (cover == Cover::all && covered != wanted.names.size())) continue;
    ranked.emplace_back(Merit(covered, !wanted.key || leaf.key == *wanted.key,
                              leaf.info.origin.starts_with(wanted.origin),
                              leaf.entry == wanted.entry, leaf.info.not_after, leaf.info.number),
                        number);
  }
  std::sort(ranked.begin(), ranked.end(), std::greater<>());
  if (ranked.size() > kMostCandidates) ranked.resize(kMostCandidates);
  for (const auto& [merit, number] : ranked) {
    const Leaf& leaf = index.leaves[number];
    Result<StoredCertificate> whole = store_.load_version(leaf.entry, leaf.info.number);
    static const std::vector<std::string> kNone;
    const auto& names = cover == Cover::all ? wanted.names : kNone;
    if (!whole || !check_stored(*whole, names, now_)) continue;
    return Found{.entry = leaf.entry, .certificate = *std::move(whole)};
  }
  return std::nullopt;
}

std::optional<StoredSearch::Found> StoredSearch::find(const Wanted& wanted) {
  build(current_, Versions::current);
  std::optional<Found> found = best(current_, wanted, Cover::all);
  if (found) return found;
  build(older_, Versions::older);
  return best(older_, wanted, Cover::all);
}

std::optional<StoredSearch::Found> StoredSearch::find_part(const Wanted& wanted) {
  build(current_, Versions::current);
  return best(current_, wanted, Cover::some);
}

bool StoredSearch::knows(const std::vector<std::string>& names) {
  build(current_, Versions::current);
  build(older_, Versions::older);
  return !current_.by_name.covering_any(names).empty() ||
         !older_.by_name.covering_any(names).empty();
}

}  // namespace ccm::store
