// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/last_copies.h"

#include <limits>

#include "publication/codec.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

}  // namespace

// A third file may pass for the first, whose number it has, and a wrong size hides entries.
std::optional<publication::SnapshotEntry> LastCopies::read(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!follow()) return std::nullopt;
  auto entry = read_at_its_place(name);
  if (entry || seen_ == searched_ || !search()) return entry;
  return read_at_its_place(name);
}

std::optional<publication::SnapshotEntry> LastCopies::read_at_its_place(const std::string& name) {
  const auto place = places_.find(name);
  if (place == places_.end()) return std::nullopt;
  const auto part = store::read_snapshot_part(state_path_, place->second.at, place->second.size);
  if (part) seen_ = {part->file, part->changed, part->total};
  auto entry = part ? publication::parse_entry(part->content.bytes()) : std::nullopt;
  if (!entry || entry->name != name || entry->origin.empty()) return std::nullopt;
  return entry;
}

bool LastCopies::has(const std::string& name) {
  return read(name).has_value();
}

std::optional<lifecycle::LastCopy> LastCopies::find(const std::string& name) {
  const auto entry = read(name);
  if (!entry) return std::nullopt;
  auto published = publication::decode(entry->value.bytes());
  if (!published || published->is_placeholder) return std::nullopt;
  return lifecycle::LastCopy{.version = entry->version,
                             .origin = entry->origin,
                             .bundle = std::move(published->bundle),
                             .ocsp_response = std::move(published->ocsp_response)};
}

bool LastCopies::follow() {
  auto part = store::read_snapshot_part(state_path_, end_, kAll);
  if (part && (part->file != seen_.file || part->total < end_)) {
    places_.clear();
    end_ = 0;
    part = store::read_snapshot_part(state_path_, 0, kAll);
  }
  return part && note(*part, publication::find_entries(part->content.bytes()));
}

bool LastCopies::search() {
  places_.clear();
  end_ = 0;
  const auto part = store::read_snapshot_part(state_path_, 0, kAll);
  if (!part || !note(*part, publication::find_intact_entries(part->content.bytes()))) return false;
  searched_ = seen_;
  return true;
}

bool LastCopies::note(const store::SnapshotPart& part, const publication::EntryPlaces& found) {
  const bool is_begin = end_ == 0;
  if (is_begin && !part.content.reveal().starts_with(publication::kSnapshotHead)) return false;
  seen_ = {part.file, part.changed, part.total};
  for (const auto& each : found.places) {
    places_.insert_or_assign(each.name, Place{.at = end_ + each.at, .size = each.size});
  }
  end_ += found.end;
  return true;
}

}  // namespace ccm::agent
