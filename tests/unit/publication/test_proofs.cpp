// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "publication_fixture.h"

namespace ccm::publication {
namespace {

TEST(PublishedProofs, AreNoneAtFirstAndCostNothing) {
  Writer writer = make_writer({"a"});
  const Reader reader = make_reader(writer);
  EXPECT_EQ(reader.proofs_generation(), 0U);
  EXPECT_EQ(reader.proofs().value(), "");
  EXPECT_FALSE(writer.publish_proofs("").value());
  EXPECT_EQ(reader.proofs_generation(), 0U);
  EXPECT_LT(allocated_bytes(writer.descriptor()), kProofsBufferSize);
}

TEST(PublishedProofs, AreReplacedAsAWhole) {
  Writer writer = make_writer({"a"});
  const Reader reader = make_reader(writer);
  for (const std::string text : {"one\n", "one\ntwo\n", "", "three\n"}) {
    const std::uint64_t before = reader.proofs_generation();
    EXPECT_TRUE(writer.publish_proofs(text).value());
    EXPECT_EQ(reader.proofs_generation(), before + 1);
    EXPECT_EQ(reader.proofs().value(), text);
    EXPECT_FALSE(writer.publish_proofs(text).value());
    EXPECT_EQ(reader.proofs_generation(), before + 1);
  }
}

TEST(PublishedProofs, AreNoCertificate) {
  Writer writer = make_writer({"a", "b"});
  Reader reader = make_reader(writer);
  const Published published = make_published("a.example");
  ASSERT_TRUE(writer.publish("b", published));
  ASSERT_TRUE(writer.publish_proofs(std::string(kProofsBufferSize, 'x')));
  ASSERT_TRUE(writer.publish_proofs(std::string(kProofsBufferSize, 'y')));
  EXPECT_EQ(reader.slot_count(), 2U);
  EXPECT_EQ(reader.find(""), std::nullopt);
  EXPECT_EQ(identity_of(reader.get(1)), identity_of(published));
  EXPECT_EQ(reader.get(0), nullptr);
  EXPECT_EQ(reader.proofs().value(), std::string(kProofsBufferSize, 'y'));
}

TEST(PublishedProofs, MayBeTooMany) {
  Writer writer = make_writer({});
  ASSERT_TRUE(writer.publish_proofs("before"));
  const auto refused = writer.publish_proofs(std::string(kProofsBufferSize + 1, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
  EXPECT_EQ(make_reader(writer).proofs().value(), "before");
}

TEST(PublishedProofs, OutliveTheWriterAndItsDeathInTheMiddle) {
  Writer writer = make_writer({"a"});
  ASSERT_TRUE(writer.publish_proofs("before"));
  const Reader reader = make_reader(writer);
  RawSegment raw(writer.descriptor());
  BufferState& idle = raw.entry(1).buffers[current_buffer(2)];
  idle.sequence = idle.sequence | 1U;
  idle.size = 100;
  EXPECT_EQ(reader.proofs().value(), "before");
  auto successor = Writer::attach(duplicate(writer.descriptor()));
  ASSERT_TRUE(successor);
  EXPECT_EQ(idle.size, 0U);
  EXPECT_FALSE(successor->publish_proofs("before").value());
  EXPECT_TRUE(successor->publish_proofs("after").value());
  EXPECT_EQ(reader.proofs().value(), "after");
}

TEST(PublishedProofs, ADamagedSlotIsAnError) {
  Writer writer = make_writer({"a"});
  ASSERT_TRUE(writer.publish_proofs("before"));
  RawSegment raw(writer.descriptor());
  raw.entry(1).buffers[current_buffer(1)].size = kProofsBufferSize + 1;
  const auto read = make_reader(writer).proofs();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::invalid);
}

}  // namespace
}  // namespace ccm::publication
