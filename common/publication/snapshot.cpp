// SPDX-License-Identifier: Apache-2.0
#include "publication/snapshot.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "crypto/digest.h"

namespace ccm::publication {
namespace {

constexpr std::array<std::byte, 8> kEntryMark{std::byte{0xf1}, std::byte{'C'},  std::byte{'C'},
                                              std::byte{'M'},  std::byte{0x00}, std::byte{'e'},
                                              std::byte{'1'},  std::byte{0xf2}};
constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kFrameSize = kEntryMark.size() + sizeof(std::uint32_t) + kDigestSize;
constexpr std::uint32_t kMostTexts = 10'000;
// In the place of the gate's rules. 0: entries of forgotten certificates may be in the file.
constexpr unsigned kMomentForm = 1;

using View = std::span<const std::byte>;

View bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Writes at an end that moves. The room was measured before.
class BodyWriter {
 public:
  explicit BodyWriter(std::span<std::byte> room) : room_(room) {}

  void raw(View bytes) {
    if (!bytes.empty()) std::memcpy(room_.data(), bytes.data(), bytes.size());
    room_ = room_.subspan(bytes.size());
  }
  template <typename Number>
  void number(Number value) {
    raw(std::as_bytes(std::span(&value, 1)));
  }
  void block(View bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void texts(const std::vector<std::string>& all) {
    number(static_cast<std::uint32_t>(all.size()));
    for (const std::string& each : all) block(bytes_of(each));
  }

 private:
  std::span<std::byte> room_;
};

// Reading past the end gives nothing, and is remembered.
class BodyReader {
 public:
  explicit BodyReader(View rest) : rest_(rest) {}

  bool is_complete() const noexcept { return !has_failed_ && rest_.empty(); }
  bool has_failed() const noexcept { return has_failed_; }
  bool is_at_end() const noexcept { return rest_.empty(); }
  template <typename Number>
  Number number() {
    Number value{};
    const View bytes = raw(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  View block() { return raw(number<std::uint32_t>()); }
  std::string text() {
    const View bytes = block();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // Their number and each of them.
  std::vector<std::string> texts() {
    std::vector<std::string> all;
    const auto count = number<std::uint32_t>();
    has_failed_ = has_failed_ || count > kMostTexts;
    for (std::uint32_t i = 0; i < count && !has_failed_; ++i) all.push_back(text());
    return all;
  }
  Time time() { return Time(Seconds(number<std::int64_t>())); }

 private:
  View raw(std::size_t size) {
    if (has_failed_ || size > rest_.size()) {
      has_failed_ = true;
      return {};
    }
    const View taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  View rest_;
  bool has_failed_ = false;
};

std::int64_t seconds_of(Time time) {
  return time.time_since_epoch().count();
}

std::size_t body_size(const SnapshotEntry& entry) {
  constexpr std::size_t kBlock = sizeof(std::uint32_t);
  std::size_t size = 6 * sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t) + 3 * kBlock +
                     entry.name.size() + entry.value.size() + entry.origin.size();
  for (const std::string& name : entry.names) size += kBlock + name.size();
  if (!entry.selections) return size;
  size += kBlock;
  for (const std::string& each : *entry.selections) size += kBlock + each.size();
  return size;
}

std::optional<SnapshotEntry> parse_body(View body) {
  BodyReader in(body);
  SnapshotEntry entry;
  entry.name = in.text();
  entry.version = in.number<std::uint64_t>();
  entry.stamp = in.number<std::uint64_t>();
  entry.response = in.number<std::uint64_t>();
  entry.rules = in.number<std::uint32_t>();
  entry.begin = in.time();
  entry.end = in.time();
  entry.response_end = in.time();
  entry.names = in.texts();
  entry.value = in.block();
  if (!in.is_at_end()) entry.origin = in.text();
  if (!in.is_at_end()) entry.selections = in.texts();
  if (!in.is_complete()) return std::nullopt;
  return entry;
}

// The body at the beginning of `rest`, if its mark and size are right.
std::optional<View> unverified_body_at(View rest) {
  if (rest.size() < kFrameSize || !std::equal(kEntryMark.begin(), kEntryMark.end(), rest.begin())) {
    return std::nullopt;
  }
  std::uint32_t size = 0;
  std::memcpy(&size, rest.data() + kEntryMark.size(), sizeof size);
  if (size > rest.size() - kFrameSize) return std::nullopt;
  return rest.subspan(kFrameSize, size);
}

// From the next mark on, wherever it is. Nothing in between is believed.
View after_damage(View rest) {
  const auto next = std::search(rest.begin() + 1, rest.end(), kEntryMark.begin(), kEntryMark.end());
  return rest.subspan(static_cast<std::size_t>(next - rest.begin()));
}

// The same if the checksum is right as well.
std::optional<View> body_at(View rest) {
  const auto found = unverified_body_at(rest);
  if (!found) return std::nullopt;
  const View body = *found;
  const auto digest = crypto::sha256(body);
  const View noted = rest.subspan(kFrameSize - kDigestSize, kDigestSize);
  if (!std::equal(noted.begin(), noted.end(), digest.begin())) {
    return std::nullopt;
  }
  return body;
}

EntryPlaces find_with(std::optional<View> (*body_of)(View), View part) {
  EntryPlaces found;
  View rest = part;
  while (!rest.empty()) {
    const auto body = body_of(rest);
    BodyReader in(body.value_or(View()));
    std::string name = in.text();
    if (!body || in.has_failed()) {
      rest = after_damage(rest);
      continue;
    }
    const std::size_t size = kFrameSize + body->size();
    const std::size_t at = part.size() - rest.size();
    found.places.push_back({.name = std::move(name), .at = at, .size = size});
    found.end = at + size;
    rest = rest.subspan(size);
  }
  return found;
}

}  // namespace

Secret encode_entry(const SnapshotEntry& entry) {
  const std::size_t size = body_size(entry);
  Secret out = Secret::of_size(kFrameSize + size);
  BodyWriter body(out.mutable_bytes().subspan(kFrameSize));
  body.block(bytes_of(entry.name));
  body.number(entry.version);
  body.number(entry.stamp);
  body.number(entry.response);
  body.number(static_cast<std::uint32_t>(entry.rules));
  body.number(seconds_of(entry.begin));
  body.number(seconds_of(entry.end));
  body.number(seconds_of(entry.response_end));
  body.texts(entry.names);
  body.block(entry.value);
  body.block(bytes_of(entry.origin));
  if (entry.selections) body.texts(*entry.selections);
  BodyWriter frame(out.mutable_bytes());
  frame.raw(kEntryMark);
  frame.number(static_cast<std::uint32_t>(size));
  const crypto::Sha256 digest = crypto::sha256(out.bytes().subspan(kFrameSize));
  frame.raw(digest);
  return out;
}

Secret encode_moment(const SnapshotMoment& moment) {
  SnapshotEntry entry;
  entry.version = moment.life;
  entry.stamp = moment.number;
  entry.rules = kMomentForm;
  return encode_entry(entry);
}

Snapshot Snapshot::parse(Secret content) {
  Snapshot snapshot;
  if (!content.reveal().starts_with(kSnapshotHead)) return snapshot;
  snapshot.content_ = std::move(content);
  const View whole = snapshot.content_.bytes();
  View rest = whole.subspan(kSnapshotHead.size());
  while (!rest.empty()) {
    const auto body = body_at(rest);
    auto entry = body ? parse_body(*body) : std::nullopt;
    if (entry) {
      const std::size_t size = kFrameSize + body->size();
      snapshot.take(*std::move(entry), {.at = whole.size() - rest.size(), .size = size});
      rest = rest.subspan(size);
      continue;
    }
    rest = after_damage(rest);
  }
  return snapshot;
}

void Snapshot::take(SnapshotEntry entry, Place place) {
  if (entry.name.empty()) {
    moment_.reset();
    if (entry.rules >= kMomentForm) moment_ = {.life = entry.version, .number = entry.stamp};
    moment_bytes_ += place.size;
    return;
  }
  // Most come in the order of their names.
  Kept& kept = entries_.try_emplace(entries_.end(), entry.name)->second;
  used_ += place.size - kept.place.size;
  kept = {.entry = std::move(entry), .place = place};
}

std::optional<SnapshotEntry> parse_entry(View entry) {
  const auto body = body_at(entry);
  if (!body || kFrameSize + body->size() != entry.size()) return std::nullopt;
  return parse_body(*body);
}

EntryPlaces find_entries(View part) {
  return find_with(unverified_body_at, part);
}

EntryPlaces find_intact_entries(View part) {
  return find_with(body_at, part);
}

const SnapshotEntry* Snapshot::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.entry;
}

Snapshot::Place Snapshot::place_of(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? Place() : found->second.place;
}

View Snapshot::encoded(std::string_view name) const {
  const Place place = place_of(name);
  return content_.bytes().subspan(place.at, place.size);
}

}  // namespace ccm::publication
