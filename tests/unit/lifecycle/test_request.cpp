#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "config/settings.h"
#include "lifecycle/file_store.h"
#include "lifecycle/hold.h"
#include "lifecycle/import.h"
#include "lifecycle/request.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::lifecycle {
namespace {

using ccm::test::kTestDay;
using ccm::test::kTestNow;
using ccm::test::MemoryLog;
using testing::HasSubstr;

config::Config make_config() {
  config::Settings settings;
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(settings.add_certificate("www", {}));
  EXPECT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
  EXPECT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
  return settings.finalize().value();
}

// A newer certificate every time it is asked, due or not: as a cloud that always has a better one.
class GenerousSource final : public Source {
 public:
  explicit GenerousSource(const Clock& clock) : clock_(clock) {}
  Result<Outcome> obtain(const ObtainRequest& request) override {
    was_due = request.is_due;
    ++calls;
    return Outcome(Obtained{.bundle = make(), .origin = "scm:scs1"});
  }
  Result<void> installed(const ObtainRequest&) override { return {}; }
  Result<void> refused(const ObtainRequest&) override { return {}; }

  crypto::Bundle make() {
    if (!has_same_end) end_ = clock_.now() + (90 + calls) * kTestDay;
    return make_until(end_);
  }
  crypto::Bundle make_until(Time end, Seconds age = {}) {
    const auto leaf = ccm::test::make_test_leaf(
        issuing_,
        {.names = {"www.example.com"}, .not_before = clock_.now() - age, .not_after = end});
    return crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value();
  }

  int calls = 0;
  bool was_due = false;
  bool has_same_end = false;  // as the one before

 private:
  Time end_;
  const Clock& clock_;
  ccm::test::TestAuthority root_ = ccm::test::make_test_root();
  ccm::test::TestAuthority issuing_ = ccm::test::make_test_intermediate(root_);
};

class RequestTest : public testing::Test {
 protected:
  RequestTest() {
    lifecycle_.start(*lease_);
    look();
    clock_.advance(2 * kTestDay);
    look();
    EXPECT_EQ(store_->current_version("www"), 2U);
  }

  std::size_t look() {
    const auto names = lifecycle_.take_due(clock_.now(), 10);
    for (const std::string& name : names) lifecycle_.attempt(name, *lease_);
    return names.size();
  }

  ccm::test::TempDirectory directory_;
  ccm::test::FakeClock clock_{kTestNow};
  MemoryLog log_;
  std::unique_ptr<Store> store_ = open_file_store(directory_.path()).value();
  std::unique_ptr<Lease> lease_ = store_->try_lead().value();
  config::Config config_ = make_config();
  GenerousSource source_{clock_};
  Lifecycle lifecycle_{{config_, *store_, source_, source_, clock_, log_, "launch"}};
  RequestDesk desk_{{directory_.path(), *store_, *lease_, lifecycle_, log_, config_, clock_}};
};

TEST_F(RequestTest, RenewsAtOnceWhatIsNotDue) {
  ASSERT_TRUE(leave_request(directory_.path(), {.wish = Wish::renew, .name = "www"}));
  EXPECT_TRUE(is_waiting(directory_.path(), "www"));
  EXPECT_EQ(look(), 0U);
  desk_.serve();
  EXPECT_FALSE(is_waiting(directory_.path(), "www"));
  EXPECT_LE(lifecycle_.next_wake(), clock_.now());
  EXPECT_EQ(look(), 1U);
  EXPECT_TRUE(source_.was_due);
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_EQ(look(), 0U) << "once";
}

TEST_F(RequestTest, BeginsOnceMoreWhatAnAgentDidNotFinish) {
  const auto start_anew = [&] {
    Lifecycle next({config_, *store_, source_, source_, clock_, log_, "launch"});
    next.start(*lease_);
    RequestDesk({directory_.path(), *store_, *lease_, next, log_, config_, clock_}).resume();
    return next.is_asked_for("www");
  };
  ASSERT_TRUE(leave_request(directory_.path(), {.wish = Wish::renew, .name = "www"}));
  desk_.serve();
  desk_.serve();
  EXPECT_TRUE(start_anew()) << "interrupted before the attempt ended";
  EXPECT_FALSE(start_anew()) << "only once: it may be what kills the agent";
}

TEST_F(RequestTest, BeginsNothingAgainThatIsFinished) {
  ASSERT_TRUE(leave_request(directory_.path(), {.wish = Wish::renew, .name = "www"}));
  desk_.serve();
  EXPECT_EQ(look(), 1U);
  desk_.serve();
  Lifecycle next({config_, *store_, source_, source_, clock_, log_, "launch"});
  next.start(*lease_);
  RequestDesk({directory_.path(), *store_, *lease_, next, log_, config_, clock_}).resume();
  EXPECT_FALSE(next.is_asked_for("www"));
}

TEST_F(RequestTest, GoesBackAndStaysThereUntilAskedToRenew) {
  const int calls = source_.calls;
  ASSERT_TRUE(
      leave_request(directory_.path(), {.wish = Wish::roll_back, .name = "www", .version = 1}));
  desk_.serve();
  EXPECT_EQ(store_->current_version("www"), 1U);
  for (int day = 0; day < 30; ++day) {
    look();
    clock_.advance(kTestDay);
  }
  EXPECT_EQ(store_->current_version("www"), 1U) << "the engine must not undo it";
  EXPECT_EQ(source_.calls, calls);
  ASSERT_TRUE(leave_request(directory_.path(), {.wish = Wish::renew, .name = "www"}));
  desk_.serve();
  look();
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_EQ(held_version(*store_, "www"), 0U);
}

TEST_F(RequestTest, LetsGoBeforeTheHeldOneEnds) {
  ASSERT_TRUE(roll_back(*store_, *lease_, "www", 1));
  lifecycle_.look_again("www");
  // Its last tenth begins after 81 of 90 days, 2 of which have passed.
  clock_.advance(80 * kTestDay);
  look();
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_THAT(log_.text(), HasSubstr("version 1 is not held any longer"));
}

TEST_F(RequestTest, RefusesAVersionThatIsNotThereAndHoldsNothing) {
  ASSERT_TRUE(
      leave_request(directory_.path(), {.wish = Wish::roll_back, .name = "www", .version = 9}));
  desk_.serve();
  EXPECT_EQ(store_->current_version("www"), 2U);
  EXPECT_EQ(held_version(*store_, "www"), 0U);
  EXPECT_THAT(log_.text(), HasSubstr("asked for by ccmctl: restore version 9"));
}

TEST_F(RequestTest, InstallsWhatIsBroughtAlongAndLeavesItAloneUntilItIsDue) {
  const crypto::Bundle bundle = source_.make_until(clock_.now() + 100 * kTestDay);
  ASSERT_TRUE(leave_request(
      directory_.path(),
      {.wish = Wish::install, .name = "www", .certificates = bundle.chain(), .key = bundle.key()}));
  struct stat file {};
  ASSERT_EQ(stat((directory_.path() / "request-www").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0600U);
  const int calls = source_.calls;
  desk_.serve();
  EXPECT_FALSE(is_waiting(directory_.path(), "www"));
  EXPECT_EQ(store_->current_version("www"), 3U);
  EXPECT_EQ(store_->history("www").value().front().origin, kImported);
  EXPECT_EQ(look(), 1U) << "its renewal time is found out";
  clock_.advance(50 * kTestDay);
  look();
  EXPECT_EQ(source_.calls, calls)
      << "the cloud has a better one every day, but this one was chosen";
  clock_.advance(25 * kTestDay);
  look();
  EXPECT_EQ(store_->current_version("www"), 4U) << "renewed in time";
}

TEST_F(RequestTest, RenewsAtOnceWhatIsImportedInsideItsRenewalWindow) {
  // The ones before it must not outlive it.
  clock_.advance(85 * kTestDay);
  const crypto::Bundle bundle = source_.make_until(clock_.now() + 20 * kTestDay, 80 * kTestDay);
  ASSERT_TRUE(
      install_import(*store_, *lease_, config_.certificates().front(), bundle, clock_.now()));
  lifecycle_.look_again("www");
  look();
  EXPECT_EQ(store_->current_version("www"), 4U);
}

TEST_F(RequestTest, RefusesWhatTheGateRefuses) {
  const crypto::Bundle sooner = source_.make_until(clock_.now() + 5 * kTestDay);
  for (const bool has_key : {true, false}) {
    Request request{.wish = Wish::install, .name = "www", .certificates = sooner.chain()};
    if (has_key) request.key = sooner.key();
    ASSERT_TRUE(leave_request(directory_.path(), request));
    desk_.serve();
  }
  EXPECT_EQ(store_->current_version("www"), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("asked for by ccmctl: later end: "));
  EXPECT_THAT(log_.text(), HasSubstr("there is no private key"));
}

TEST_F(RequestTest, WithdrawsARequestWithItsKey) {
  const crypto::Bundle bundle = source_.make();
  ASSERT_TRUE(leave_request(
      directory_.path(),
      {.wish = Wish::install, .name = "www", .certificates = bundle.chain(), .key = bundle.key()}));
  withdraw_request(directory_.path(), "www");
  withdraw_request(directory_.path(), "www");
  EXPECT_FALSE(is_waiting(directory_.path(), "www"));
}

TEST_F(RequestTest, RenewsWhenTheNewOneEndsInTheSameSecond) {
  source_.has_same_end = true;
  lifecycle_.ask_for_renewal("www");
  look();
  EXPECT_EQ(store_->current_version("www"), 3U);
  lifecycle_.hasten("www");
  look();
  EXPECT_EQ(store_->current_version("www"), 3U) << "only when an operator asks";
}

TEST_F(RequestTest, ForgetsWhatItCannotRead) {
  std::ofstream(directory_.path() / "request-www") << "nonsense";
  ASSERT_TRUE(leave_request(directory_.path(), {.wish = Wish::renew, .name = "unknown"}));
  desk_.serve();
  EXPECT_FALSE(is_waiting(directory_.path(), "www"));
  EXPECT_FALSE(is_waiting(directory_.path(), "unknown"));
  EXPECT_EQ(log_.count(Severity::error), 2U);
  EXPECT_FALSE(leave_request(directory_.path(), {.wish = Wish::renew, .name = "../x"}));
}

}  // namespace
}  // namespace ccm::lifecycle
