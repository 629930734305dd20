// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <thread>

#include "publication/catalogue/catalogue_reader.h"
#include "publication/catalogue/catalogue_writer.h"
#include "publication/segment.h"
#include "publication_fixture.h"
#include "support/denied_calls.h"
#include "support/test_pki.h"

namespace ccm::publication {
namespace {

const std::vector<std::string> kEdge{"edge"};

Writer make_catalogue_writer(std::vector<std::string> names = {}) {
  auto writer = Writer::create(std::move(names), {}, kEdge);
  if (!writer) std::abort();
  return *std::move(writer);
}

CatalogueWriter& edge_of(const Writer& writer) {
  return *writer.catalogues()[0];
}

struct Wanted {
  std::vector<std::string> names;
  std::string key = "P-256";
  Seconds lasts = 90 * test::kTestDay;
};

crypto::Bundle bundle_for(const Wanted& wanted) {
  static const test::TestAuthority authority = test::make_test_intermediate(test::make_test_root());
  const auto leaf = test::make_test_leaf(
      authority,
      {.names = wanted.names, .not_after = test::kTestNow + wanted.lasts, .key_kind = wanted.key});
  return crypto::Bundle::make({leaf.certificate, authority.certificate}, leaf.key).value();
}

std::string shown(const Reader& reader, std::string_view name, KeySlot key = KeySlot::ecdsa) {
  auto found = reader.catalogue("edge")->get(name, key);
  if (!found) return found.error().message();
  return *found == nullptr ? "nothing" : (*found)->facts.entry;
}

TEST(Catalogue, ANameFindsItsCertificateWithChainKeyAndResponse) {
  Writer writer = make_catalogue_writer({"www"});
  const Reader reader = make_reader(writer);
  EXPECT_EQ(reader.catalogue("other"), nullptr);
  EXPECT_EQ(shown(reader, "a.example"), "nothing");
  const crypto::Bundle bundle = bundle_for({.names = {"a.example", "*.a.example"}});
  const std::vector<std::byte> response(300, std::byte{7});
  EXPECT_TRUE(edge_of(writer).put("a", {1, 2, 3}, bundle, response).value());
  EXPECT_FALSE(edge_of(writer).put("a", {1, 2, 3}, bundle, response).value());
  const auto found = reader.catalogue("edge")->get("a.example", KeySlot::ecdsa).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->published.bundle.leaf().fingerprint(), bundle.leaf().fingerprint());
  EXPECT_EQ(found->published.bundle.chain().size(), bundle.chain().size());
  EXPECT_TRUE(found->published.bundle.leaf().matches(found->published.bundle.key()));
  EXPECT_EQ(found->published.ocsp_response, response);
  EXPECT_EQ(shown(reader, "*.a.example"), "a");
  EXPECT_EQ(reader.catalogue("edge")->size(), 1U);
  EXPECT_EQ(reader.catalogue("edge")->name_count(), 2U);
  EXPECT_TRUE(edge_of(writer).remove("a"));
  EXPECT_FALSE(edge_of(writer).remove("a"));
  EXPECT_EQ(shown(reader, "a.example"), "nothing");
}

// A start puts up to a hundred thousand.
TEST(Catalogue, MostOfThemAskTheSystemForNoMemory) {
  constexpr int kCount = 20;
  Writer writer = make_catalogue_writer();
  CatalogueWriter& edge = edge_of(writer);
  const auto bundle_of = [](int number) {
    return bundle_for({.names = {fmt::format("n{}.example", number)}});
  };
  ASSERT_TRUE(edge.put("n0", {1, 1, 0}, bundle_of(0), {}));
  const int put = test::in_child_without({{SYS_fallocate, ENOSPC}}, [&] {
    int done = 0;
    for (int number = 1; number <= kCount; ++number) {
      const auto added = edge.put(fmt::format("n{}", number), {1, 1, 0}, bundle_of(number), {});
      done += added ? 1 : 0;
    }
    return done;
  });
  EXPECT_EQ(put, kCount);
}

TEST(Catalogue, OfSeveralForANameTheOneThatEndsLastIsShownOfEachKindOfKey) {
  Writer writer = make_catalogue_writer();
  const Reader reader = make_reader(writer);
  CatalogueWriter& edge = edge_of(writer);
  ASSERT_TRUE(edge.put("long", {1, 1, 0}, bundle_for({.names = {"a.example"}}), {}));
  ASSERT_TRUE(edge.put("short", {1, 1, 0},
                       bundle_for({.names = {"a.example", "b.example"}, .lasts = test::kTestDay}),
                       {}));
  ASSERT_TRUE(
      edge.put("rsa", {1, 1, 0}, bundle_for({.names = {"a.example"}, .key = "RSA-2048"}), {}));
  EXPECT_EQ(shown(reader, "a.example"), "long");
  EXPECT_EQ(shown(reader, "a.example", KeySlot::rsa), "rsa");
  EXPECT_EQ(shown(reader, "b.example"), "short");
  edge.remove("long");
  EXPECT_EQ(shown(reader, "a.example"), "short");
  EXPECT_EQ(shown(reader, "a.example", KeySlot::rsa), "rsa");
  // Another version may have other names.
  ASSERT_TRUE(edge.put("short", {2, 1, 0}, bundle_for({.names = {"c.example"}}), {}));
  EXPECT_EQ(shown(reader, "a.example"), "nothing");
  EXPECT_EQ(shown(reader, "b.example"), "nothing");
  EXPECT_EQ(shown(reader, "c.example"), "short");
}

TEST(Catalogue, TheNextWriterFindsWhatIsThereAndItsMemory) {
  Writer first = make_catalogue_writer();
  const Reader reader = make_reader(first);
  std::map<std::string, crypto::Bundle> bundles;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    bundles.emplace(name, bundle_for({.names = {name + ".example"}}));
    ASSERT_TRUE(edge_of(first).put(name, {1, 1, 0}, bundles.at(name), {}));
  }
  for (int i = 0; i < 50; i += 3) edge_of(first).remove("n" + std::to_string(i));
  const std::size_t before = allocated_bytes(first.descriptor());
  FileDescriptor segment = duplicate(first.descriptor());
  { const Writer gone = std::move(first); }
  auto second = Writer::attach(std::move(segment), IfBusy::wait);
  ASSERT_TRUE(second) << second.error().message();
  CatalogueWriter& edge = edge_of(*second);
  EXPECT_EQ(edge.size(), 33U);
  ASSERT_NE(edge.find("n1"), nullptr);
  EXPECT_EQ(*edge.find("n1"), (Traces{1, 1, 0}));
  EXPECT_EQ(edge.find("n0"), nullptr);
  for (int i = 0; i < 50; i += 3) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_TRUE(edge.put(name, {1, 1, 0}, bundles.at(name), {}));
  }
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    EXPECT_EQ(shown(reader, name + ".example"), name);
  }
  EXPECT_LE(allocated_bytes(second->descriptor()), before + 4096);
}

TEST(Catalogue, ItGrowsWhileItIsRead) {
  Writer writer = make_catalogue_writer();
  const Reader reader = make_reader(writer);
  const crypto::Bundle bundle = bundle_for({.names = {"stays.example"}});
  ASSERT_TRUE(edge_of(writer).put("stays", {1, 1, 0}, bundle, {}));
  std::atomic<bool> is_over{false};
  std::set<std::string> answers;
  std::thread client([&] {
    while (!is_over) answers.insert(shown(reader, "stays.example"));
  });
  std::vector<crypto::Bundle> others;
  for (int i = 0; i < 20; ++i) {
    std::vector<std::string> names;
    for (int n = 0; n < 90; ++n) {
      names.push_back("x" + std::to_string(100 * i + n) + ".example");
    }
    others.push_back(bundle_for({.names = names}));
  }
  // Through two larger tables, and new versions of the one that is read.
  for (std::uint64_t round = 1; round <= 3; ++round) {
    for (std::size_t i = 0; i < others.size(); ++i) {
      const std::string entry = "x" + std::to_string(i);
      EXPECT_TRUE(edge_of(writer).put(entry, {round, 1, 0}, others[i], {}));
      EXPECT_TRUE(edge_of(writer).put("stays", {round * 100 + i, 2, 0}, bundle, {}));
    }
    for (std::size_t i = 0; i < others.size(); i += 2) {
      edge_of(writer).remove("x" + std::to_string(i));
    }
  }
  is_over = true;
  client.join();
  EXPECT_THAT(answers, testing::ElementsAre("stays"));
  EXPECT_EQ(shown(reader, "x100.example"), "x1");
  EXPECT_EQ(shown(reader, "x200.example"), "nothing");
  EXPECT_EQ(reader.catalogue("edge")->name_count(), 901U);
}

TEST(Catalogue, DamageCostsTheOneThatIsDamaged) {
  Writer writer = make_catalogue_writer();
  const Reader reader = make_reader(writer);
  for (const std::string name : {"a", "b"}) {
    ASSERT_TRUE(
        edge_of(writer).put(name, {1, 1, 0}, bundle_for({.names = {name + ".example"}}), {}));
  }
  auto segment = Segment::map(writer.descriptor(), Access::read_write);
  ASSERT_TRUE(segment);
  const CatalogueArea area(segment->catalogue(0));
  const std::uint64_t reference = area.find(hash_of("a.example"))[1];
  // The key, which stands at the end.
  const std::uint64_t size = area.size_of(reference);
  area.wipe_heap(offset_of(reference) + size - 128, 64);
  EXPECT_NE(shown(reader, "a.example"), "a");
  EXPECT_EQ(shown(reader, "b.example"), "b");
  area.wipe_heap(offset_of(reference), size);
  EXPECT_EQ(shown(reader, "a.example"), "its place in the catalogue is damaged");
  EXPECT_EQ(shown(reader, "b.example"), "b");
}

TEST(Catalogue, AWriterThatDiedLeavesNoKeyBehindAndNoNameWithoutCertificate) {
  Writer first = make_catalogue_writer();
  const Reader reader = make_reader(first);
  const crypto::Bundle bundle = bundle_for({.names = {"a.example"}});
  ASSERT_TRUE(edge_of(first).put("a", {1, 1, 0}, bundle, {}));
  auto segment = Segment::map(first.descriptor(), Access::read_write);
  ASSERT_TRUE(segment);
  const CatalogueArea area(segment->catalogue(0));
  const std::uint64_t used = area.head().heap_used.load();
  // A block that nothing refers to, and a slot that refers to nothing.
  const std::string secret = "left behind";
  area.head().heap_used.store(used + 128);
  area.write(make_reference(used, 77), std::as_bytes(std::span(secret)));
  area.slots(0)[0].hash.store(hash_of("ghost.example"));
  area.slots(0)[0].references[1].store(make_reference(used, 77));
  FileDescriptor file = duplicate(first.descriptor());
  { const Writer gone = std::move(first); }
  auto second = Writer::attach(std::move(file), IfBusy::wait);
  ASSERT_TRUE(second);
  EXPECT_EQ(area.size_of(make_reference(used, 77)), 0U);
  EXPECT_EQ(area.slots(0)[0].references[1].load(), 0U);
  EXPECT_EQ(shown(reader, "a.example"), "a");
}

}  // namespace
}  // namespace ccm::publication
