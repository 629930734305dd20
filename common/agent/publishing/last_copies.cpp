// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/last_copies.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "publication/codec.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

}  // namespace

// A place that is not valid any more is searched for again; the entry may have moved.
std::optional<LastCopies::Read> LastCopies::read(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!follow()) return std::nullopt;
  auto found = read_at_its_place(name);
  if (found || !places_.contains(name) || !search()) return found;
  return read_at_its_place(name);
}

std::optional<LastCopies::Read> LastCopies::read_at_its_place(const std::string& name) {
  const auto place = places_.find(name);
  if (place == places_.end()) return std::nullopt;
  auto part = store::read_snapshot_part(state_path_, place->second.at, place->second.size);
  if (part) seen_ = {part->file, part->changed, part->total};
  auto entry = part ? publication::parse_entry(part->content.bytes()) : std::nullopt;
  if (!entry || entry->name != name || entry->origin.empty()) return std::nullopt;
  return Read{.content = std::move(part->content), .entry = *std::move(entry)};
}

bool LastCopies::has(const std::string& name) {
  return read(name).has_value();
}

std::optional<lifecycle::LastCopy> LastCopies::find(const std::string& name) {
  const auto found = read(name);
  if (!found) return std::nullopt;
  auto published = publication::decode(found->entry.value);
  if (!published || published->is_placeholder) return std::nullopt;
  return lifecycle::LastCopy{.version = found->entry.version,
                             .origin = found->entry.origin,
                             .bundle = std::move(published->bundle),
                             .ocsp_response = std::move(published->ocsp_response)};
}

bool LastCopies::follow() {
  const auto part = store::read_snapshot_part(state_path_, last_.at, kAll);
  const auto has_grown = [&] {
    return last_.size > 0 && part->file == seen_.file && part->total >= last_.at + last_.size;
  };
  if (!part || !has_grown()) return search();
  const auto found = publication::find_intact_entries(part->content.bytes());
  if (!still_has_the_last(*part, found)) return search();
  note(*part, found);
  return true;
}

// A file system may give a removed file's number to a new file, so the third file may have the
// number of the first. The leader wipes an entry once a newer one follows it.
bool LastCopies::still_has_the_last(const store::SnapshotPart& part,
                                    const publication::EntryPlaces& found) const {
  const bool stands = !found.places.empty() && found.places.front().at == 0 &&
                      found.places.front().size == last_.size;
  const auto there = part.content.bytes().first(last_.size);
  return stands || std::all_of(there.begin(), there.end(),
                               [](std::byte each) { return each == std::byte{0}; });
}

bool LastCopies::search() {
  const auto part = store::read_snapshot_part(state_path_, 0, kAll);
  if (part && searched_ == Seen{part->file, part->changed, part->total}) return true;
  places_.clear();
  last_ = {};
  searched_ = {};
  if (!part || !part->content.reveal().starts_with(publication::kSnapshotHead)) return false;
  note(*part, publication::find_intact_entries(part->content.bytes()));
  searched_ = seen_;
  return true;
}

void LastCopies::note(const store::SnapshotPart& part, const publication::EntryPlaces& found) {
  const std::size_t begin = last_.at;
  seen_ = {part.file, part.changed, part.total};
  for (const auto& each : found.places) {
    last_ = {.at = begin + each.at, .size = each.size};
    places_.insert_or_assign(each.name, last_);
  }
}

}  // namespace ccm::agent
