// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lifecycle/schedule/state.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Time kSomeTime{Seconds{1769817600}};

TEST(Due, IsTheEarliestWish) {
  EXPECT_LT(due(State(Absent{})), kSomeTime);
  EXPECT_EQ(due(State(Valid{.renew_at = kSomeTime + 2s, .check_at = kSomeTime + 1s})),
            kSomeTime + 1s);
  EXPECT_EQ(due(State(Valid{.renew_at = kSomeTime + 1s, .check_at = kSomeTime + 2s})),
            kSomeTime + 1s);
  EXPECT_EQ(
      due(State(Failing{
          .attempts = 1, .retry_at = kSomeTime + 3s, .error = Error(ErrorKind::transient, "x")})),
      kSomeTime + 3s);
  EXPECT_EQ(
      due(State(Rejected{.check_at = kSomeTime + 4s, .error = Error(ErrorKind::rejected, "x")})),
      kSomeTime + 4s);
}

PersistedState round_trip(State state) {
  const PersistedState before{
      .state = std::move(state), .spec_fingerprint = "f00d", .launch_id = "launch 1\n2"};
  Result<PersistedState> after = parse_state(serialize(before));
  EXPECT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->spec_fingerprint, before.spec_fingerprint);
  EXPECT_EQ(after->launch_id, before.launch_id);
  EXPECT_EQ(after->state.index(), before.state.index());
  EXPECT_EQ(due(after->state), due(before.state));
  return std::move(*after);
}

TEST(StateCodec, KeepsEveryState) {
  round_trip(Absent{});
  const PersistedState valid = round_trip(Valid{.renew_at = kSomeTime, .check_at = kSomeTime - 7s});
  EXPECT_EQ(std::get<Valid>(valid.state).renew_at, kSomeTime);
  EXPECT_EQ(std::get<Valid>(valid.state).check_at, kSomeTime - 7s);
  const PersistedState waiting = round_trip(Waiting{
      .attempts = 3, .retry_at = kSomeTime, .reason = Error(ErrorKind::pending, "scs1: CHECKING")});
  EXPECT_EQ(std::get<Waiting>(waiting.state).attempts, 3U);
  EXPECT_EQ(std::get<Waiting>(waiting.state).reason.message(), "scs1: CHECKING");
  round_trip(Rejected{.check_at = kSomeTime, .error = Error(ErrorKind::rejected, "no")});
}

TEST(StateCodec, TellsWaitingFromFailingInTheRecordOfAnEarlierRelease) {
  const Result<PersistedState> before = parse_state(
      "state: failing\nattempts: 0\nretry_at: 7\nerror_kind: pending\nerror_message: CHECKING\n"
      "spec_fingerprint: f\nlaunch_id: l\n");
  ASSERT_TRUE(before);
  EXPECT_EQ(std::get<Waiting>(before->state).reason.message(), "CHECKING");
}

TEST(StateCodec, TakesAllFailuresOfAnEarlierReleaseForCostly) {
  const Result<PersistedState> before = parse_state(
      "state: failing\nattempts: 3\nretry_at: 7\nerror_kind: invalid\nerror_message: bad\n"
      "spec_fingerprint: f\nlaunch_id: l\n");
  ASSERT_TRUE(before);
  EXPECT_EQ(std::get<Failing>(before->state).costly, 3U);
}

TEST(StateCodec, KeepsTheWholeError) {
  const PersistedState after =
      round_trip(Failing{.attempts = 12,
                         .retry_at = kSomeTime,
                         .error = Error(ErrorKind::throttled, "line 1\nline 2: \\ \"quoted\"")
                                      .with_code("APIGW.0308", "request-7")
                                      .with_retry_after(17s),
                         .costly = 5});
  const Failing& failing = std::get<Failing>(after.state);
  EXPECT_EQ(failing.attempts, 12U);
  EXPECT_EQ(failing.costly, 5U);
  EXPECT_EQ(failing.error.kind(), ErrorKind::throttled);
  EXPECT_EQ(failing.error.message(), "line 1\nline 2: \\ \"quoted\"");
  EXPECT_EQ(failing.error.code(), "APIGW.0308");
  EXPECT_EQ(failing.error.request_id(), "request-7");
  EXPECT_EQ(failing.error.retry_after(), 17s);
}

TEST(StateCodec, RefusesWhatItDidNotWrite) {
  const std::vector<std::string> bad = {
      "",
      "garbage",
      "state: asleep\nspec_fingerprint: f\nlaunch_id: l\n",
      "state: valid\nrenew_at: 1\nspec_fingerprint: f\nlaunch_id: l\n",
      "state: valid\nrenew_at: 1\ncheck_at: soon\nspec_fingerprint: f\nlaunch_id: l\n",
      "state: valid\nrenew_at: 1\ncheck_at: 2\nlaunch_id: l\n",
      "state: failing\nattempts: -1\nretry_at: 1\nerror_kind: transient\nerror_message: x\n"
      "spec_fingerprint: f\nlaunch_id: l\n",
      "state: failing\nattempts: 1\nretry_at: 1\nerror_kind: odd\nerror_message: x\n"
      "spec_fingerprint: f\nlaunch_id: l\n",
      "state: rejected\ncheck_at: 1\nspec_fingerprint: f\nlaunch_id: l\n",
  };
  for (const std::string& text : bad) {
    const Result<PersistedState> result = parse_state(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().kind(), ErrorKind::invalid);
    EXPECT_FALSE(result.error().message().empty());
  }
}

}  // namespace
}  // namespace ccm::lifecycle
