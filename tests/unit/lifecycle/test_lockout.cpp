// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/lockout.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using ccm::test::FakeClock;
using ccm::test::MemoryStore;
using testing::HasSubstr;

class Lockout : public testing::Test {
 protected:
  void restart() { guard_ = make_store_lockout_guard(store_, *lease_, clock_); }
  bool may_try(std::string_view who = "a") { return guard_->may_try(who).has_value(); }
  void refuse(std::string_view who = "a") { guard_->refused(who, "APIGW.0301"); }

  MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  FakeClock clock_;
  std::unique_ptr<cloud::LockoutGuard> guard_ = make_store_lockout_guard(store_, *lease_, clock_);
};

TEST_F(Lockout, FallsSilentAfterTwoRefusals) {
  EXPECT_TRUE(may_try());
  refuse();
  EXPECT_TRUE(may_try());
  refuse();
  const Result<void> verdict = guard_->may_try("a");
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind(), ErrorKind::unauthorized);
  EXPECT_THAT(verdict.error().message(), HasSubstr("APIGW.0301"));
}

TEST_F(Lockout, TellsOfRefusalsWithoutATry) {
  EXPECT_FALSE(were_refused(store_, "a"));
  refuse();
  EXPECT_TRUE(were_refused(store_, "a"));
  EXPECT_FALSE(were_refused(store_, "b"));
  guard_->accepted("a");
  EXPECT_FALSE(were_refused(store_, "a"));
}

TEST_F(Lockout, RemembersOverRestarts) {
  refuse();
  restart();
  refuse();
  restart();
  EXPECT_FALSE(may_try());
}

TEST_F(Lockout, ForgetsWithASuccess) {
  refuse();
  guard_->accepted("a");
  restart();
  refuse();
  EXPECT_TRUE(may_try());
}

TEST_F(Lockout, DoesNotBlameOtherCredentials) {
  refuse("a");
  refuse("a");
  EXPECT_TRUE(may_try("b"));
  refuse("b");
  EXPECT_TRUE(may_try("b"));
}

TEST_F(Lockout, ProbesOnceAnHourAndTwiceAtMost) {
  refuse();
  refuse();
  clock_.advance(59min);
  EXPECT_FALSE(may_try());
  clock_.advance(1min);
  EXPECT_TRUE(may_try());
  EXPECT_FALSE(may_try());  // one probe, not one per thread
  refuse();
  clock_.advance(1h);
  EXPECT_TRUE(may_try());
  refuse();
  for (int day = 0; day < 100; ++day) {
    clock_.advance(24h);
    restart();
    EXPECT_FALSE(may_try());
  }
}

TEST_F(Lockout, DoesNotForgetAProbeThatCrashed) {
  refuse();
  refuse();
  clock_.advance(1h);
  EXPECT_TRUE(may_try());
  restart();
  EXPECT_FALSE(may_try());
}

TEST_F(Lockout, RecoversWhenTheClockWasWrong) {
  refuse();
  refuse();
  clock_.set(clock_.now() - 24h * 365);
  EXPECT_TRUE(may_try());
  guard_->accepted("a");
  EXPECT_TRUE(may_try());
}

TEST_F(Lockout, CountsInMemoryWhenTheStoreIsFull) {
  store_.fail_writes(Error(ErrorKind::transient, "full"));
  refuse();
  refuse();
  EXPECT_FALSE(may_try());
}

// A write that fails at its end leaves a version that the guard does not know of, and an operator
// may remove the record.
TEST_F(Lockout, GoesOnRememberingWhenItsRecordIsNotWhatItWrote) {
  refuse();
  const auto stored = store_.read_record(store::kStoreWide, "lockout").value();
  ASSERT_TRUE(stored);
  ASSERT_TRUE(
      store_.write_record(*lease_, store::kStoreWide, "lockout", stored->value, stored->version));
  refuse();
  restart();
  EXPECT_FALSE(may_try());
  ASSERT_TRUE(store_.remove_record(*lease_, store::kStoreWide, "lockout"));
  clock_.advance(1h);
  EXPECT_TRUE(may_try()) << "a probe";
  refuse();
  restart();
  EXPECT_FALSE(may_try()) << "it went on remembering";
}

TEST_F(Lockout, CountsRefusalsThatItCouldNotReadAtFirst) {
  refuse();
  refuse();
  const auto stored = store_.read_record(store::kStoreWide, "lockout").value();
  restart();
  guard_->accepted("b");  // loads what is there
  ASSERT_TRUE(stored);
  auto other = make_store_lockout_guard(store_, *lease_, clock_);
  other->refused("a", "x");
  guard_->refused("a", "x");
  restart();
  clock_.advance(1h);
  EXPECT_TRUE(may_try());
  refuse();
  EXPECT_FALSE(may_try()) << "four in all";
}

}  // namespace
}  // namespace ccm::lifecycle
