// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "publication_fixture.h"

namespace ccm::publication {
namespace {

std::string keys_in(const Reader& reader) {
  return std::string(reader.ticket_keys().value().reveal());
}

TEST(PublishedTicketKeys, AreNoneAtFirst) {
  Writer writer = make_writer({"a"});
  const Reader reader = make_reader(writer);
  EXPECT_EQ(reader.ticket_keys_generation(), 0U);
  EXPECT_FALSE(writer.publish_ticket_keys({}).value());
  EXPECT_EQ(keys_in(reader), "");
}

TEST(PublishedTicketKeys, LieBesideTheProofsAndCertificates) {
  Writer writer = make_writer({"a", "b"});
  Reader reader = make_reader(writer);
  const Published published = make_published("a.example");
  ASSERT_TRUE(writer.publish("b", published));
  for (const char letter : {'x', 'y'}) {
    ASSERT_TRUE(writer.publish_proofs(std::string(kProofsBufferSize, letter)));
    ASSERT_TRUE(
        writer.publish_ticket_keys(Secret::copy_of(std::string(kTicketKeysBufferSize, letter))));
    ASSERT_TRUE(writer.write_note("b", std::string(kNoteSize, letter)));
  }
  EXPECT_EQ(keys_in(reader), std::string(kTicketKeysBufferSize, 'y'));
  EXPECT_EQ(reader.proofs().value(), std::string(kProofsBufferSize, 'y'));
  EXPECT_EQ(identity_of(reader.get(1)), identity_of(published));
  EXPECT_EQ(reader.note(kFirstCertificateNote + 1), std::string(kNoteSize, 'y'));
  EXPECT_EQ(reader.note(kAgentNote), "");
  EXPECT_EQ(reader.get(0), nullptr);
}

TEST(PublishedTicketKeys, AreReplacedAndNothingIsLeftOfTheOldOnes) {
  Writer writer = make_writer({"a"});
  const Reader reader = make_reader(writer);
  ASSERT_TRUE(writer.publish_ticket_keys(Secret::copy_of("the-first-key")).value());
  EXPECT_FALSE(writer.publish_ticket_keys(Secret::copy_of("the-first-key")).value());
  ASSERT_TRUE(writer.publish_ticket_keys(Secret::copy_of("another")).value());
  EXPECT_EQ(keys_in(reader), "another");
  RawSegment raw(writer.descriptor());
  EXPECT_FALSE(raw.contains(std::as_bytes(std::span(std::string_view("the-first-key")))));
  EXPECT_TRUE(raw.contains(std::as_bytes(std::span(std::string_view("another")))));
}

TEST(PublishedTicketKeys, MayBeTooMany) {
  Writer writer = make_writer({});
  const auto refused =
      writer.publish_ticket_keys(Secret::copy_of(std::string(kTicketKeysBufferSize + 1, 'x')));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
}

}  // namespace
}  // namespace ccm::publication
