// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/store/fleet_entry.h"
#include "support/test_bundle.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;

TEST(FleetEntry, KeepsAHead) {
  const Head head{.sequence = 7,
                  .current = 3,
                  .highest = 4,
                  .versions = {{.number = 3, .fingerprint = "ab", .response = "cd"},
                               {.number = 4, .fingerprint = "ef"}}};
  const Head read = parse_head(serialize(head)).value();
  EXPECT_EQ(read.sequence, 7U);
  EXPECT_EQ(read.current, 3U);
  EXPECT_EQ(read.highest, 4U);
  EXPECT_EQ(read.find(3)->response, "cd");
  EXPECT_EQ(read.find(4)->fingerprint, "ef");
  EXPECT_EQ(read.find(4)->response, "");
  EXPECT_EQ(read.find(5), nullptr);
  EXPECT_TRUE(parse_head(serialize(Head{.sequence = 8}))->versions.empty()) << "forgotten";
}

TEST(FleetEntry, RefusesAHeadThatMakesNoSense) {
  for (const char* text : {"", "x", "sequence: 0\n", "sequence: 1\ncurrent: 2\nhighest: 2\n",
                           "sequence: 1\ncurrent: 0\nhighest: 1\nversion: 1 ab -\n",
                           "sequence: 1\ncurrent: 1\nhighest: 0\nversion: 1 ab -\n",
                           "sequence: 1\ncurrent: 1\nhighest: 1\nversion: 1 ab\n"}) {
    EXPECT_EQ(parse_head(text).error().kind(), ErrorKind::invalid) << text;
  }
}

TEST(FleetEntry, KeepsAVersionWithItsKey) {
  const crypto::Bundle bundle = test::make_test_bundle();
  const store::VersionInfo info{.number = 5,
                                .installed_at = test::kTestNow,
                                .not_before = {},
                                .not_after = {},
                                .fingerprint = {},
                                .serial = {},
                                .origin = "pca:1",
                                .rules = 2};
  const Secret text = serialize(bundle, info).value();
  const store::StoredCertificate read = parse_version(text).value();
  EXPECT_EQ(read.info.number, 5U);
  EXPECT_EQ(read.info.installed_at, test::kTestNow);
  EXPECT_EQ(read.info.origin, "pca:1");
  EXPECT_EQ(read.info.rules, 2U);
  EXPECT_EQ(read.info.fingerprint, bundle.leaf().fingerprint());
  EXPECT_EQ(read.bundle.chain().size(), 2U);
  EXPECT_TRUE(read.bundle.key().has_same_public_key(bundle.key()));
  EXPECT_FALSE(parse_version(Secret::copy_of(text.reveal().substr(0, text.size() / 2))));
  EXPECT_FALSE(parse_version(Secret()));
}

TEST(FleetEntry, KeepsARecordOfAnyBytes) {
  const Secret value = Secret::copy_of(std::string_view("a\0\n", 3));
  const store::StoredRecord read = parse_stored_record(serialize(value, 9)).value();
  EXPECT_TRUE(read.value.equals(value));
  EXPECT_EQ(read.version, 9U);
  EXPECT_FALSE(parse_stored_record(Secret::copy_of("x")));
  EXPECT_FALSE(parse_stored_record(serialize(value, 0)));
}

TEST(FleetEntry, ALetterIsGoodForAWhile) {
  const Letter letter{.text = Secret::copy_of(std::string_view("a\0\n", 3)),
                      .left = test::kTestNow};
  const Letter read = parse_letter(serialize(letter)).value();
  EXPECT_TRUE(read.text.equals(letter.text));
  EXPECT_EQ(read.left, test::kTestNow);
  EXPECT_TRUE(read.is_good_at(test::kTestNow + Letter::kLife));
  EXPECT_FALSE(read.is_good_at(test::kTestNow + Letter::kLife + Seconds(1)));
  EXPECT_FALSE(read.is_good_at(test::kTestNow - Letter::kLife - Seconds(1)));
  // From where a difference of times may overflow nobody writes.
  EXPECT_FALSE(parse_letter(serialize(Letter{.text = {}, .left = Time::min()})));
  EXPECT_FALSE(parse_letter(serialize(Letter{.text = {}, .left = Time::max()})));
  EXPECT_FALSE(parse_letter(Secret::copy_of("x")));
}

TEST(FleetEntry, OpensWithAnyOfTheFleetsKeys) {
  FleetKeys before;
  before.keys.push_back(crypto::make_sealing_key().value());
  const std::string sealed = before.seal("place", Secret::copy_of("x")).value();
  FleetKeys after;
  after.keys.push_back(crypto::make_sealing_key().value());
  const Result<Secret> unknown = after.unseal("place", sealed);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message(), HasSubstr(before.keys.front().id));
  after.keys.push_back(std::move(before.keys.front()));
  EXPECT_EQ(after.unseal("place", sealed)->reveal(), "x");
  EXPECT_EQ(crypto::sealing_key_id(after.seal("place", Secret()).value()).value(),
            after.keys.front().id);
}

}  // namespace
}  // namespace ccm::fleet
