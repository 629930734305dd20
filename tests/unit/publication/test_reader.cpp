// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "publication/reader.h"
#include "publication_fixture.h"

namespace ccm::publication {
namespace {

using testing::HasSubstr;

TEST(Reader, GivesTheNewestValue) {
  Writer writer = make_writer({"a", "b"});
  Reader reader = make_reader(writer);
  const std::uint32_t slot = *reader.find("b");
  EXPECT_EQ(reader.get(slot), nullptr);
  EXPECT_EQ(reader.generation(slot), 0U);
  for (std::uint64_t generation = 1; generation <= 5; ++generation) {
    const Published value = make_published("b.example");
    ASSERT_TRUE(writer.publish("b", value));
    EXPECT_EQ(reader.generation(slot), generation);
    const auto served = reader.get(slot);
    EXPECT_EQ(identity_of(served), identity_of(value));
    EXPECT_EQ(served->generation, generation);
    EXPECT_EQ(reader.take_error(slot), std::nullopt);
  }
  EXPECT_EQ(reader.get(*reader.find("a")), nullptr);
}

TEST(Reader, ParsesOncePerGeneration) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  ASSERT_TRUE(writer.publish("a", make_published("a.example")));
  const auto first = reader.get(0);
  EXPECT_EQ(reader.get(0), first);
  ASSERT_TRUE(writer.publish("a", make_published("a.example")));
  EXPECT_NE(reader.get(0), first);
}

TEST(Reader, OutlivesTheWriterAndItsDescriptor) {
  std::optional<Writer> writer(make_writer({"a"}));
  const Published value = make_published("a.example");
  ASSERT_TRUE(writer->publish("a", value));
  Reader reader = make_reader(*writer);
  writer.reset();
  EXPECT_EQ(identity_of(reader.get(0)), identity_of(value));
}

TEST(Reader, KeepsTheLastGoodValueWhenTheNextIsDamaged) {
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  const Published good = make_published("a.example");
  ASSERT_TRUE(writer.publish("a", good));
  ASSERT_EQ(identity_of(reader.get(0)), identity_of(good));

  ASSERT_TRUE(writer.publish("a", make_published("a.example")));
  RawSegment raw(writer.descriptor());
  raw.buffer(0, current_buffer(2))[0] ^= std::byte{1};
  EXPECT_EQ(identity_of(reader.get(0)), identity_of(good));
  const auto error = reader.take_error(0);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), HasSubstr("certificate \"a\": the published value"));
  EXPECT_EQ(identity_of(reader.get(0)), identity_of(good));
  EXPECT_FALSE(reader.take_error(0)) << "said once";

  const Published healed = make_published("a.example");
  ASSERT_TRUE(writer.publish("a", healed));
  EXPECT_EQ(identity_of(reader.get(0)), identity_of(healed));
}

TEST(Reader, NeverBelievesASizeOrASequence) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{kBufferSize + 1},
                                   ~std::uint64_t{0}, std::uint64_t{kBufferSize}}) {
    Writer writer = make_writer({"a"});
    Reader reader = make_reader(writer);
    ASSERT_TRUE(writer.publish("a", make_published("a.example")));
    RawSegment raw(writer.descriptor());
    raw.entry(0).buffers[1].size = size;
    EXPECT_EQ(reader.get(0), nullptr) << size;
    EXPECT_TRUE(reader.take_error(0));
  }
  Writer writer = make_writer({"a"});
  Reader reader = make_reader(writer);
  ASSERT_TRUE(writer.publish("a", make_published("a.example")));
  RawSegment raw(writer.descriptor());
  raw.entry(0).buffers[1].sequence = 7;
  EXPECT_EQ(reader.get(0), nullptr);
  EXPECT_THAT(reader.take_error(0)->message(), HasSubstr("is damaged"));
}

}  // namespace
}  // namespace ccm::publication
