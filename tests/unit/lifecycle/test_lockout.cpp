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
  std::unique_ptr<Lease> lease_ = store_.try_lead().value();
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

}  // namespace
}  // namespace ccm::lifecycle
