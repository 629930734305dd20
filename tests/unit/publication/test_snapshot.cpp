// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/digest.h"
#include "publication/snapshot.h"

namespace ccm::publication {
namespace {

// `value` is a literal.
SnapshotEntry entry_of(const std::string& name, std::uint64_t version, std::string_view value) {
  return {.name = name,
          .version = version,
          .stamp = version * 9,
          .response = version * 7,
          .rules = 3,
          .begin = Time(Seconds(100)),
          .end = Time(Seconds(200)),
          .response_end = Time(Seconds(150)),
          .names = {name + ".example", "*." + name + ".example"},
          .value = std::as_bytes(std::span(value)),
          .origin = "pca:" + name};
}

std::string text_of(const SnapshotEntry& entry) {
  return std::string(encode_entry(entry).reveal());
}

Snapshot parsed(const std::string& text) {
  return Snapshot::parse(Secret::copy_of(text));
}

std::string text_in(std::span<const std::byte> value) {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

std::string value_of(const Snapshot& snapshot, std::string_view name) {
  const SnapshotEntry* entry = snapshot.find(name);
  return entry == nullptr ? "none" : text_in(entry->value);
}

const std::string kHead(kSnapshotHead);

TEST(Snapshot, GivesBackWhatWasPutIn) {
  const Snapshot snapshot = parsed(kHead + text_of(entry_of("a", 5, "key a")));
  const SnapshotEntry* entry = snapshot.find("a");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->version, 5U);
  EXPECT_EQ(entry->stamp, 45U);
  EXPECT_EQ(entry->response, 35U);
  EXPECT_EQ(entry->rules, 3U);
  EXPECT_EQ(entry->begin, Time(Seconds(100)));
  EXPECT_EQ(entry->end, Time(Seconds(200)));
  EXPECT_EQ(entry->response_end, Time(Seconds(150)));
  EXPECT_EQ(entry->names, (std::vector<std::string>{"a.example", "*.a.example"}));
  EXPECT_EQ(value_of(snapshot, "a"), "key a");
  EXPECT_EQ(entry->origin, "pca:a");
  EXPECT_EQ(snapshot.find("b"), nullptr);
  EXPECT_EQ(snapshot.used() + kHead.size(), snapshot.total());
}

TEST(Snapshot, WhatComesLaterTakesThePlace) {
  const std::string first = text_of(entry_of("a", 1, "one"));
  const Snapshot snapshot =
      parsed(kHead + first + text_of(entry_of("b", 1, "b")) + text_of(entry_of("a", 2, "two")));
  EXPECT_EQ(snapshot.size(), 2U);
  EXPECT_EQ(value_of(snapshot, "a"), "two");
  EXPECT_EQ(snapshot.used() + kHead.size() + first.size(), snapshot.total());
}

TEST(Snapshot, IsNothingWithoutItsHead) {
  EXPECT_EQ(parsed("").size(), 0U);
  EXPECT_EQ(parsed("ccm-snapshot-9\n" + text_of(entry_of("a", 1, "one"))).size(), 0U);
}

// A write that was cut short, by kill -9 or a full disk.
TEST(Snapshot, CutShortAnywhereItLosesTheLastEntryOnly) {
  const std::string first = kHead + text_of(entry_of("a", 1, "one"));
  const std::string last = text_of(entry_of("b", 2, "two"));
  for (std::size_t size = 0; size < last.size(); ++size) {
    const Snapshot snapshot = parsed(first + last.substr(0, size));
    ASSERT_EQ(value_of(snapshot, "a"), "one") << size;
    ASSERT_EQ(value_of(snapshot, "b"), "none") << size;
    // What is added behind it counts.
    ASSERT_EQ(value_of(parsed(first + last.substr(0, size) + last), "b"), "two") << size;
  }
}

TEST(Snapshot, AFlippedBitCostsItsEntryOnly) {
  const std::string before = kHead + text_of(entry_of("a", 1, "one"));
  const std::string middle = text_of(entry_of("b", 2, "two"));
  const std::string after = text_of(entry_of("c", 3, "three"));
  for (std::size_t at = 0; at < middle.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = middle;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      const Snapshot snapshot = parsed(before + damaged + after);
      ASSERT_EQ(value_of(snapshot, "a"), "one") << at;
      ASSERT_EQ(value_of(snapshot, "b"), "none") << at;
      ASSERT_EQ(value_of(snapshot, "c"), "three") << at;
    }
  }
}

// As an earlier release wrote it.
TEST(Snapshot, ReadsAnEntryWithoutAnOrigin) {
  SnapshotEntry entry = entry_of("a", 1, "one");
  entry.origin.clear();
  std::string text = text_of(entry);
  constexpr std::size_t kMark = 8;
  constexpr std::size_t kDigest = 32;
  text.resize(text.size() - sizeof(std::uint32_t));
  const std::size_t head = kMark + sizeof(std::uint32_t) + kDigest;
  const auto size = static_cast<std::uint32_t>(text.size() - head);
  std::memcpy(text.data() + kMark, &size, sizeof size);
  const auto digest = crypto::sha256(std::as_bytes(std::span(text)).subspan(head));
  std::memcpy(text.data() + kMark + sizeof size, digest.data(), kDigest);
  EXPECT_EQ(value_of(parsed(kHead + text), "a"), "one");
  EXPECT_EQ(parsed(kHead + text).find("a")->origin, "");
}

TEST(Snapshot, SaysWhichCataloguesShowAnEntryOnceSomebodyHasAsked) {
  SnapshotEntry entry = entry_of("a", 1, "one");
  EXPECT_EQ(parsed(kHead + text_of(entry)).find("a")->selections, std::nullopt);
  for (const std::vector<std::string>& all :
       {std::vector<std::string>(), {"scm"}, {"scm", "scm tag=env:prod"}}) {
    entry.selections = all;
    EXPECT_EQ(parsed(kHead + text_of(entry)).find("a")->selections, all);
  }
}

TEST(Snapshot, SingleEntriesAreFoundWithoutReadingTheOthers) {
  const std::string first = text_of(entry_of("a", 1, "one"));
  const std::string second = text_of(entry_of("b", 2, "two"));
  const std::string text = kHead + first + "damage" + second;
  const std::string begun = text + first.substr(0, 50);
  const EntryPlaces found = find_entries(std::as_bytes(std::span(begun)));
  ASSERT_EQ(found.places.size(), 2U);
  EXPECT_EQ(found.places[0].name, "a");
  EXPECT_EQ(found.places[1].name, "b");
  EXPECT_EQ(found.end, text.size());
  const auto& [name, at, size] = found.places[1];
  const auto entry = parse_entry(std::as_bytes(std::span(begun)).subspan(at, size));
  ASSERT_TRUE(entry);
  EXPECT_EQ(text_in(entry->value), "two");
  std::string damaged = second;
  damaged.back() = 'x';
  EXPECT_FALSE(parse_entry(std::as_bytes(std::span(damaged))));
  const std::string both = first + second;
  EXPECT_FALSE(parse_entry(std::as_bytes(std::span(both)))) << "one entry and no more";
}

TEST(Snapshot, IntactEntriesAreFoundBehindAWrongSize) {
  std::string first = text_of(entry_of("a", 1, "one"));
  const std::string second = text_of(entry_of("b", 2, "two"));
  constexpr std::size_t kMark = 8;
  const auto size = static_cast<std::uint32_t>(first.size() + second.size() - 44);
  std::memcpy(first.data() + kMark, &size, sizeof size);
  const std::string text = kHead + first + second;
  EXPECT_EQ(find_entries(std::as_bytes(std::span(text))).places.size(), 1U);
  const EntryPlaces found = find_intact_entries(std::as_bytes(std::span(text)));
  ASSERT_EQ(found.places.size(), 1U);
  EXPECT_EQ(found.places[0].name, "b");
  EXPECT_EQ(found.places[0].at, kHead.size() + first.size());
  EXPECT_EQ(found.end, text.size());
}

TEST(Snapshot, SaysUpToWhenItsEntriesAreUpToDate) {
  const std::string begun = std::string(kSnapshotHead) + text_of(entry_of("a", 1, "one"));
  EXPECT_FALSE(parsed(begun).moment());
  const SnapshotMoment earlier{.life = 7, .number = 3};
  const SnapshotMoment later{.life = 7, .number = 4};
  const std::string first(encode_moment(earlier).reveal());
  const std::string second(encode_moment(later).reveal());
  const Snapshot snapshot = parsed(begun + first + text_of(entry_of("b", 1, "two")) + second);
  EXPECT_EQ(snapshot.moment(), later);
  EXPECT_EQ(snapshot.size(), 2U) << "a moment is no entry";
  EXPECT_EQ(snapshot.moment_bytes(), first.size() + second.size());
  EXPECT_EQ(snapshot.used() + snapshot.moment_bytes() + kSnapshotHead.size(), snapshot.total());
}

// Its snapshots may hold what was forgotten.
TEST(Snapshot, AnEarlierReleasesMomentIsNone) {
  SnapshotEntry of_old = entry_of("", 7, "");
  of_old.rules = 0;
  const std::string text =
      std::string(kSnapshotHead) + std::string(encode_moment({.life = 7, .number = 3}).reveal());
  EXPECT_TRUE(parsed(text).moment());
  const Snapshot snapshot = parsed(text + text_of(of_old));
  EXPECT_FALSE(snapshot.moment()) << "it may have changed entries since";
  EXPECT_EQ(snapshot.moment_bytes() + kSnapshotHead.size(), snapshot.total());
}

}  // namespace
}  // namespace ccm::publication
