// SPDX-License-Identifier: Apache-2.0
// When a new version is shown that may be shown at certain hours only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "config/input/settings.h"
#include "lifecycle/attempt/activation.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/schedule/deadline.h"
#include "store/staging.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/test_pki.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using ccm::test::kTestDay;
using ccm::test::kTestNow;
using testing::HasSubstr;

// 2026-01-31 is a Saturday; kTestNow is its midnight.
constexpr const char* kWednesday = "Wed 02:00-05:00 UTC";
constexpr Time kOpening = kTestNow + 4 * kTestDay + 2h;

class WindowSource final : public sources::Source {
 public:
  Result<sources::Outcome> obtain(const sources::ObtainRequest& request) override {
    ++calls;
    return answer(request);
  }
  Result<bool> must_go(const sources::ObtainRequest& request) override {
    judged = request.current->info.number;
    return is_revoked;
  }
  Result<void> installed(const sources::ObtainRequest&) override { return {}; }
  Result<void> refused(const sources::ObtainRequest&) override { return {}; }

  std::function<Result<sources::Outcome>(const sources::ObtainRequest&)> answer;
  bool is_revoked = false;
  store::VersionNumber judged = 0;
  int calls = 0;
};

class ActivationTest : public testing::Test {
 protected:
  ActivationTest() {
    // Something better whenever there is nothing, or what there is is older than a day.
    source_.answer = [this](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
      const bool is_old = request.current == nullptr || is_renewal_there_;
      if (!is_old) return sources::Outcome(sources::Unchanged{});
      is_renewal_there_ = false;
      return sources::Outcome(sources::Obtained{
          .bundle = make_bundle(lifetime_), .origin = "scm:scs1", .current_must_go = must_go_});
    };
  }

  void launch(const std::string& window = kWednesday, const std::string& name = "www.example.com") {
    lifecycle_.reset();
    config::Settings settings;
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("activate", {window}, {}));
    EXPECT_TRUE(settings.add_certificate("www", {}));
    EXPECT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
    EXPECT_TRUE(settings.set_in("www", "names", {name}, {}));
    config_ = std::make_unique<config::Config>(settings.finalize().value());
    lifecycle_ = std::make_unique<Lifecycle>(Lifecycle::Parts{
        .config = *config_,
        .store = store_,
        .source_of = [this](const config::SourceSpec&) -> sources::Source& { return source_; },
        .clock = clock_,
        .log = log_,
        .launch_id = "launch"});
    lifecycle_->start(*lease_);
  }
  std::size_t work() {
    const auto names = lifecycle_->take_due(clock_.now(), 10);
    for (const std::string& name : names) lifecycle_->attempt(name, *lease_);
    return names.size();
  }
  // A version that is shown and one that waits.
  void stage_another() {
    launch();
    work();
    ASSERT_EQ(current(), 1U);
    renew();
  }
  void renew() {
    is_renewal_there_ = true;
    clock_.advance(13h);
    work();
  }
  // To the next wake-up, and what is to be done then.
  void wake() {
    clock_.set(std::max(clock_.now(), lifecycle_->next_wake()));
    work();
  }
  crypto::Bundle make_bundle(Seconds lifetime) {
    const Time now = authority_time_.value_or(clock_.now());
    const auto leaf = ccm::test::make_test_leaf(
        issuing_, {.names = {"www.example.com"}, .not_before = now, .not_after = now + lifetime});
    return crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value();
  }
  store::VersionNumber current() const { return store_.current_version("www"); }
  store::VersionNumber staged() const { return store::staged_version(store_, "www"); }

  ccm::test::TestAuthority root_ = ccm::test::make_test_root();
  ccm::test::TestAuthority issuing_ = ccm::test::make_test_intermediate(root_);
  ccm::test::FakeClock clock_{kTestNow};
  std::optional<Time> authority_time_;  // where it differs from ours
  ccm::test::MemoryStore store_;
  ccm::test::MemoryLog log_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  WindowSource source_;
  bool is_renewal_there_ = false;
  bool must_go_ = false;
  Seconds lifetime_ = 90 * kTestDay;
  std::unique_ptr<config::Config> config_;
  std::unique_ptr<Lifecycle> lifecycle_;
};

TEST_F(ActivationTest, AFirstCertificateDoesNotWait) {
  launch();
  work();
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(staged(), 0U);
}

TEST_F(ActivationTest, ASuccessorIsStoredAtOnceAndShownInTheWindow) {
  stage_another();
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(staged(), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("stored version 2 from scm:scs1"));
  EXPECT_THAT(log_.text(),
              HasSubstr("it is shown from 2026-02-04T02:00:00Z on (Wed 02:00-05:00 UTC), and "
                        "version 1 until then"));
  const auto pending = pending_activation(store_, *config_->find("www"), clock_.now());
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->version, 2U);
  EXPECT_EQ(pending->at, kOpening);
  // Looks at the cloud go on, and obtain nothing more.
  while (clock_.now() < kOpening - 1s) {
    wake();
    ASSERT_EQ(current(), clock_.now() < kOpening ? 1U : 2U);
  }
  EXPECT_EQ(clock_.now(), kOpening);
  EXPECT_EQ(current(), 2U);
  EXPECT_EQ(staged(), 0U);
  EXPECT_EQ(store_.versions("www").size(), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("version 2 is current"));
  EXPECT_GT(lifecycle_->next_wake(), clock_.now());
}

TEST_F(ActivationTest, IsShownAtOnceWhileTheWindowIsOpen) {
  launch();
  work();
  clock_.set(kOpening + 1h);
  is_renewal_there_ = true;
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, SurvivesARestart) {
  stage_another();
  launch();
  EXPECT_EQ(current(), 1U);
  EXPECT_LE(lifecycle_->next_wake(), kOpening);
  EXPECT_GT(lifecycle_->next_wake(), clock_.now());
  clock_.set(kOpening + 10min);
  launch();
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, WhatALateAgentMissedIsShownInTheNextWindow) {
  stage_another();
  clock_.set(kOpening + 4h);
  launch();
  work();
  EXPECT_EQ(current(), 1U);
  clock_.set(kOpening + 7 * kTestDay);
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, WaitsNoLongerThanSafetyAllows) {
  lifetime_ = 2 * kTestDay;
  launch();
  work();
  clock_.advance(kTestDay);
  lifetime_ = 90 * kTestDay;
  is_renewal_there_ = true;
  work();
  ASSERT_EQ(current(), 1U);
  const auto installed = store_.load("www").value().certificate;
  const Time latest = latest_activation(installed->bundle, installed->info);
  EXPECT_LT(latest, kOpening);
  EXPECT_EQ(latest, urgent_from(installed->info));
  EXPECT_EQ(pending_activation(store_, *config_->find("www"), clock_.now())->at, latest);
  while (clock_.now() < latest) wake();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, DoesNotWaitWhileWhatIsShownIsBad) {
  stage_another();
  // Damage is found by whoever reads, at the next look.
  store_.damage("www", 1);
  clock_.advance(13h);
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, RevocationDoesNotWait) {
  stage_another();
  lifecycle_->hasten("www");
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, TheSourceIsAskedWhetherWhatIsShownWasRevoked) {
  stage_another();
  source_.is_revoked = true;
  clock_.advance(13h);
  work();
  EXPECT_EQ(source_.judged, 1U);
  EXPECT_EQ(current(), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("version 1 was revoked, so version 2 does not wait"));
}

TEST_F(ActivationTest, ASuccessorOfWhatMustGoDoesNotWait) {
  launch();
  work();
  must_go_ = true;
  renew();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, AnOperatorsRenewalShowsWhatWaits) {
  stage_another();
  const int calls = source_.calls;
  EXPECT_TRUE(lifecycle_->ask_for_renewal("www"));
  work();
  EXPECT_EQ(current(), 2U);
  EXPECT_EQ(source_.calls, calls);
  const auto answers = lifecycle_->take_answers();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].second.has_changed);
  EXPECT_EQ(answers[0].second.version, 2U);
}

TEST_F(ActivationTest, AnOperatorsRenewalDoesNotWait) {
  launch();
  work();
  is_renewal_there_ = true;
  EXPECT_TRUE(lifecycle_->ask_for_renewal("www"));
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, ARollbackLetsGoOfWhatWaits) {
  stage_another();
  clock_.set(kOpening);
  work();
  renew();
  ASSERT_EQ(staged(), 3U);
  ASSERT_TRUE(Installer(store_, *lease_).roll_back("www", 1, {}, kTestNow));
  lifecycle_->look_again("www");
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(staged(), 0U);
  work();
  clock_.set(kOpening + 7 * kTestDay + 1h);
  work();
  EXPECT_EQ(current(), 1U);
}

TEST_F(ActivationTest, ANewerOneTakesThePlaceOfWhatWaits) {
  stage_another();
  renew();
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(staged(), 3U);
}

TEST_F(ActivationTest, WithoutTheWindowItIsShownAtTheNextStart) {
  stage_another();
  launch("off");
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(ActivationTest, WhatDoesNotFitTheSettingsAnyMoreIsDropped) {
  stage_another();
  launch(kWednesday, "other.example.com");
  source_.answer = [](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    return fail(ErrorKind::rejected, "nothing there");
  };
  work();
  EXPECT_EQ(staged(), 0U);
  EXPECT_EQ(current(), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("version 2, which waited, is not shown: "));
}

TEST_F(ActivationTest, AFullDiskDelaysItAndNothingElse) {
  stage_another();
  store_.fail_writes(Error(ErrorKind::transient, "No space left on device"));
  clock_.set(kOpening);
  work();
  EXPECT_EQ(current(), 1U);
  EXPECT_GT(lifecycle_->next_wake(), clock_.now());
  store_.fail_writes(std::nullopt);
  wake();
  EXPECT_EQ(current(), 2U);
}

class WrongClock : public ActivationTest, public testing::WithParamInterface<Seconds> {};

// What came while the clock was wrong is shown in the first window of the right time.
TEST_P(WrongClock, MakesNobodyWaitForMoreThanTheWindow) {
  launch();
  work();
  ASSERT_EQ(current(), 1U);
  const Time right = kTestNow + kTestDay;
  authority_time_ = right;
  clock_.set(right + GetParam());
  lifecycle_->clock_was_set(GetParam());
  is_renewal_there_ = true;
  lifecycle_->look_soon("www");
  work();
  clock_.set(right + 10s);
  lifecycle_->clock_was_set(-GetParam());
  is_renewal_there_ = current() == 1 && staged() == 0;  // the cloud still has it
  work();
  while (current() == 1 && clock_.now() < kOpening) wake();
  EXPECT_EQ(current(), 2U);
  EXPECT_LE(clock_.now(), kOpening);
}

INSTANTIATE_TEST_SUITE_P(Activation, WrongClock,
                         testing::Values(Seconds(-2h), Seconds(2h), Seconds(-10 * kTestDay),
                                         Seconds(10 * kTestDay), Seconds(-7300 * kTestDay),
                                         Seconds(7300 * kTestDay)));

}  // namespace
}  // namespace ccm::lifecycle
