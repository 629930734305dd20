// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/doctor.h"
#include "cli/doctor/doctor_room.h"

namespace ccm::cli {
namespace {

using testing::HasSubstr;

Finding judged(store::StateRoom room) {
  Findings findings;
  judge_room("/var/lib/ccm", room, findings);
  return findings.all().at(0);
}

TEST(Doctor, JudgesTheRoomOnTheDisk) {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  EXPECT_EQ(judged({.bytes = 5000 * kMebibyte, .files = 100'000}).verdict, Verdict::good);
  EXPECT_EQ(judged({.bytes = 5000 * kMebibyte, .files = {}}).verdict, Verdict::good);
  EXPECT_EQ(judged({.bytes = 20 * kMebibyte, .files = 100'000}).verdict, Verdict::doubtful);
  EXPECT_EQ(judged({.bytes = kMebibyte, .files = 100'000}).verdict, Verdict::bad);
  const Finding full = judged({.bytes = 5000 * kMebibyte, .files = 3});
  EXPECT_EQ(full.verdict, Verdict::bad);
  EXPECT_THAT(full.sentence, HasSubstr("3 more files"));
  EXPECT_THAT(full.remedy, HasSubstr("df -i /var/lib/ccm"));
}

TEST(Doctor, QuotesForTheShell) {
  EXPECT_EQ(shell_word("/var/lib/ccm/x-1.pem"), "/var/lib/ccm/x-1.pem");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's; rm"), "'it'\\''s; rm'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace ccm::cli
