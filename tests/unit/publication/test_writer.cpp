// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "publication/writer.h"
#include "publication_fixture.h"
#include "support/other_writer.h"

namespace ccm::publication {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Writer, NamesAreSortedAndUnique) {
  const Writer writer = make_writer({"b", "a", "b", "c"});
  EXPECT_THAT(writer.names(), ElementsAre("a", "b", "c"));
  const auto attached = Writer::attach(duplicate(writer.descriptor()));
  ASSERT_TRUE(attached);
  EXPECT_THAT(attached->names(), ElementsAre("a", "b", "c"));
}

TEST(Writer, RefusesNamesItCannotHold) {
  EXPECT_TRUE(Writer::create({std::string(kNameSize - 1, 'x')}));
  for (const std::string& name :
       {std::string(kNameSize, 'x'), std::string(), std::string("a\0b", 3)}) {
    const auto writer = Writer::create({name});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().kind(), ErrorKind::invalid);
  }
}

TEST(Writer, PublishingTheSameChangesNothing) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  const Published value = make_published("a.example");
  EXPECT_TRUE(*writer.publish("a", value));
  EXPECT_EQ(reader.generation(0), 1U);
  EXPECT_FALSE(*writer.publish("a", value));
  EXPECT_EQ(reader.generation(0), 1U);
  Published stapled = value;
  stapled.ocsp_response = {std::byte{1}};
  EXPECT_TRUE(*writer.publish("a", stapled));
  EXPECT_FALSE(*writer.publish("a", stapled));
  EXPECT_EQ(reader.generation(0), 2U);
}

TEST(Writer, RefusesUnknownNamesAndOversize) {
  Writer writer = make_writer({"a"});
  const auto unknown = writer.publish("b", make_published("b.example"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind(), ErrorKind::rejected);
  Published large = make_published("a.example");
  EXPECT_TRUE(writer.publish("a", large));
  large.ocsp_response.resize(kBufferSize);
  const auto oversize = writer.publish("a", large);
  ASSERT_FALSE(oversize);
  EXPECT_EQ(oversize.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(oversize.error().message(), HasSubstr("at most 65536 can be published"));
  EXPECT_EQ(make_reader(writer).generation(0), 1U);
}

TEST(Writer, LargestValueFits) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  Published value = make_published("a.example");
  value.ocsp_response.resize(kBufferSize - encode(value)->size(), std::byte{0x55});
  ASSERT_EQ(encode(value)->size(), kBufferSize);
  EXPECT_TRUE(writer.publish("a", value));
  const auto served = reader.get(0);
  ASSERT_NE(served, nullptr);
  EXPECT_EQ(served->published.ocsp_response, value.ocsp_response);
  value.ocsp_response.push_back(std::byte{0});
  EXPECT_FALSE(writer.publish("a", value));
}

TEST(Writer, KnowsRealCertificatesFromPlaceholders) {
  Writer writer = make_writer({"a", "b"});
  EXPECT_FALSE(writer.holds_certificate("a"));
  ASSERT_TRUE(writer.publish("a", make_published("a.example", true)));
  EXPECT_FALSE(writer.holds_certificate("a"));
  ASSERT_TRUE(writer.publish("a", make_published("a.example")));
  EXPECT_TRUE(writer.holds_certificate("a"));
  EXPECT_FALSE(writer.holds_certificate("b"));
  EXPECT_FALSE(writer.holds_certificate("c"));
  EXPECT_TRUE(Writer::attach(duplicate(writer.descriptor()))->holds_certificate("a"));
}

TEST(Writer, SupersededBytesAreWiped) {
  Writer writer = make_writer({"a", "b"});
  RawSegment raw(writer.descriptor());
  std::vector<Secret> old_keys;
  for (int round = 0; round < 5; ++round) {
    const Published value = make_published("a.example");
    const Secret key = *value.bundle.key().to_der();
    ASSERT_TRUE(writer.publish("a", value));
    ASSERT_TRUE(raw.contains(key.bytes()));
    for (const Secret& old : old_keys) {
      EXPECT_FALSE(raw.contains(old.bytes()));
      // Any half of it neither.
      EXPECT_FALSE(raw.contains(old.bytes().last(old.size() / 2)));
    }
    old_keys.push_back(key.clone());
  }
}

TEST(Writer, MemoryIsUsedOnlyForWhatIsStored) {
  constexpr std::size_t kSlots = 100000;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kSlots; ++i)
    names.push_back("n" + std::to_string(i) + ".example.com");
  Writer writer = make_writer(names);
  const std::size_t directory = kSlots * sizeof(Entry) + 2 * kAlignment;
  const std::size_t when_empty = allocated_bytes(writer.descriptor());
  EXPECT_LE(when_empty, directory);

  Reader reader = make_reader(writer);
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) ASSERT_EQ(reader.get(slot), nullptr);
  ASSERT_TRUE(Writer::attach(duplicate(writer.descriptor())));
  EXPECT_EQ(allocated_bytes(writer.descriptor()), when_empty) << "looking must cost nothing";

  constexpr std::size_t kPublished = 8;
  const Published values[] = {make_published("a.example"), make_published("a.example"),
                              make_published("a.example")};
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (const Published& value : values) {
    for (std::size_t i = 0; i < kPublished; ++i) {
      ASSERT_TRUE(*writer.publish(names[i * 1000], value));
      EXPECT_EQ(identity_of(reader.get(*reader.find(names[i * 1000]))), identity_of(value));
    }
    const std::size_t pages = (encode(value)->size() + page - 1) / page;
    EXPECT_EQ(allocated_bytes(writer.descriptor()), when_empty + kPublished * pages * page);
  }
}

TEST(Writer, TooManyNamesAreRefused) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= kMaxSlots; ++i) names.push_back(std::to_string(i));
  const auto writer = Writer::create(names);
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().message(), HasSubstr("cannot hold 131073 certificates"));
  names.pop_back();
  EXPECT_TRUE(Writer::create(names));
}

TEST(Writer, IsTheOnlyProcessThatWrites) {
  std::optional<Writer> writer = make_writer({"a"});
  const FileDescriptor segment = duplicate(writer->descriptor());
  writer.reset();
  {
    const test::OtherWriter other(segment.get());
    ASSERT_TRUE(other.is_writing());
    const auto refused = Writer::attach(duplicate(segment.get()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::transient);
  }
  // However the other one ended, the lock is free.
  EXPECT_TRUE(Writer::attach(duplicate(segment.get()), IfBusy::wait));
}

}  // namespace
}  // namespace ccm::publication
