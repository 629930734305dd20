// SPDX-License-Identifier: Apache-2.0
// A new version that is tried out on a share of the handshakes first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/input/settings.h"
#include "lifecycle/attempt/activation.h"
#include "lifecycle/attempt/canary.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/schedule/deadline.h"
#include "lifecycle/schedule/hold.h"
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

class CanarySource final : public sources::Source {
 public:
  Result<sources::Outcome> obtain(const sources::ObtainRequest& request) override {
    ++calls;
    return answer(request);
  }
  Result<bool> must_go(const sources::ObtainRequest&) override { return is_revoked; }
  Result<void> installed(const sources::ObtainRequest&) override { return {}; }
  Result<void> refused(const sources::ObtainRequest&) override { return {}; }

  std::function<Result<sources::Outcome>(const sources::ObtainRequest&)> answer;
  bool is_revoked = false;
  int calls = 0;
};

class EventList final : public Events {
 public:
  void tell(Event event) noexcept override { told.push_back(std::move(event)); }
  Result<void> ask(Event) noexcept override { return {}; }

  std::vector<Event> told;
};

class CanaryTest : public testing::Test {
 protected:
  CanaryTest() {
    source_.answer = [this](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
      const bool has_news = request.current == nullptr || has_news_;
      if (!has_news) return sources::Outcome(sources::Unchanged{});
      has_news_ = false;
      return sources::Outcome(sources::Obtained{
          .bundle = make_bundle(lifetime_), .origin = "scm:scs1", .current_must_go = must_go_});
    };
  }

  void launch(const std::string& time = "5min", const std::string& window = "off") {
    lifecycle_.reset();
    config::Settings settings;
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("canary", {time}, {}));
    EXPECT_TRUE(settings.set("activate", {window}, {}));
    EXPECT_TRUE(settings.add_certificate("www", {}));
    EXPECT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
    EXPECT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
    config_ = std::make_unique<config::Config>(settings.finalize().value());
    lifecycle_ = std::make_unique<Lifecycle>(Lifecycle::Parts{
        .config = *config_,
        .store = store_,
        .source_of = [this](const config::SourceSpec&) -> sources::Source& { return source_; },
        .clock = clock_,
        .log = log_,
        .launch_id = "launch",
        .events = events_,
        .canary_counter =
            [this](const std::string&, const store::Canary&) {
              HostTallies all{{.host = "", .tally = tally_}};
              all.insert(all.end(), elsewhere_.begin(), elsewhere_.end());
              return all;
            }});
    lifecycle_->start(*lease_);
  }
  void work() {
    for (const std::string& name : lifecycle_->take_due(clock_.now(), 10)) {
      lifecycle_->attempt(name, *lease_);
    }
  }
  void renew() {
    has_news_ = true;
    clock_.advance(13h);
    work();
  }
  // A version that is current and one that is tried out.
  void begin() {
    launch();
    work();
    ASSERT_EQ(current(), 1U);
    renew();
    began_ = clock_.now();
    ASSERT_EQ(canary(), (store::Canary{.version = 2, .since = began_}));
  }
  // The same while the clock is ahead; the right time.
  Time begin_ahead(Seconds by) {
    launch();
    work();
    clock_.advance(kTestDay);
    authority_time_ = clock_.now();
    clock_.set(clock_.now() + by);
    lifecycle_->clock_was_set(by);
    renew();
    EXPECT_EQ(canary(), (store::Canary{.version = 2, .since = clock_.now()}));
    return clock_.now() - by;
  }
  void wake() {
    clock_.set(std::max(clock_.now(), lifecycle_->next_wake()));
    work();
  }
  void count(std::uint64_t shown, std::uint64_t failed) {
    tally_.current.counts = {90, 90};
    tally_.candidate.counts = {shown, shown - failed};
    tally_.candidate.counts[static_cast<std::size_t>(CanaryCount::unknown_ca)] = failed;
    lifecycle_->watch_canaries();
    work();
  }
  crypto::Bundle make_bundle(Seconds lifetime) {
    const Time now = authority_time_.value_or(clock_.now());
    const auto leaf = ccm::test::make_test_leaf(
        issuing_, {.names = {"www.example.com"}, .not_before = now, .not_after = now + lifetime});
    return crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value();
  }
  store::VersionNumber current() const { return store_.current_version("www"); }
  std::optional<store::Canary> canary() const { return canary_of(store_, "www"); }

  ccm::test::TestAuthority root_ = ccm::test::make_test_root();
  ccm::test::TestAuthority issuing_ = ccm::test::make_test_intermediate(root_);
  ccm::test::FakeClock clock_{kTestNow};
  std::optional<Time> authority_time_;  // where it differs from ours
  ccm::test::MemoryStore store_;
  ccm::test::MemoryLog log_;
  EventList events_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  CanarySource source_;
  CanaryTally tally_;
  HostTallies elsewhere_;  // of the other hosts of a fleet
  bool has_news_ = false;
  bool must_go_ = false;
  Seconds lifetime_ = 90 * kTestDay;
  Time began_{};
  std::unique_ptr<config::Config> config_;
  std::unique_ptr<Lifecycle> lifecycle_;
};

TEST_F(CanaryTest, AFirstCertificateIsShownAtOnce) {
  launch();
  work();
  EXPECT_EQ(current(), 1U);
  EXPECT_FALSE(canary());
}

TEST_F(CanaryTest, WithoutFailuresItBecomesCurrentAtTheEnd) {
  begin();
  EXPECT_THAT(log_.text(), HasSubstr("version 2 is tried out from now on, until"));
  EXPECT_EQ(pending_activation(store_, *config_->find("www"), clock_.now())->at, began_ + 5min);
  count(10, 0);
  EXPECT_EQ(current(), 1U);
  wake();
  EXPECT_EQ(clock_.now(), began_ + 5min);
  EXPECT_EQ(current(), 2U);
  EXPECT_FALSE(canary());
  EXPECT_THAT(log_.text(), HasSubstr("the canary of version 2 is over: 0 of 10 handshakes"));
}

TEST_F(CanaryTest, WithoutTrafficItGoesOn) {
  begin();
  lifecycle_->watch_canaries();
  work();
  EXPECT_EQ(current(), 1U);
  wake();
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, WhatClientsRefuseIsTakenBackAndTheOtherHeld) {
  begin();
  count(10, 4);
  EXPECT_TRUE(canary());
  const int calls = source_.calls;
  count(10, 10);
  EXPECT_FALSE(canary());
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(held_version(store_, "www"), 1U);
  EXPECT_EQ(refused_canary(store_, "www"), 2U);
  EXPECT_EQ(source_.calls, calls);
  ASSERT_FALSE(events_.told.empty());
  const Event& event = events_.told.back();
  EXPECT_EQ(event.type, EventType::rolled_back);
  EXPECT_EQ(event.version, 2U);
  EXPECT_THAT(event.sentence,
              HasSubstr("10 of 10 handshakes with it failed (unknown_ca 10), and 0 of 90"));
  EXPECT_THAT(log_.text(), HasSubstr("version 2 was tried out and is taken back"));
  // It stays so, also in an agent that starts anew.
  launch();
  clock_.advance(2 * kTestDay);
  work();
  EXPECT_EQ(current(), 1U);
}

// The clients of this host have no trouble, and there may be none.
TEST_F(CanaryTest, WhatClientsOfAnotherHostRefuseIsTakenBackAsWell) {
  begin();
  CanaryTally refused;
  refused.current.counts = {90, 90};
  refused.candidate.counts = {10, 0};
  elsewhere_ = {{.host = "two", .tally = {}}, {.host = "three", .tally = refused}};
  count(1000, 0);
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(refused_canary(store_, "www"), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("10 of 10 handshakes with it failed on the host \"three\""));
}

TEST_F(CanaryTest, WhatAllHostsSawIsSaidAtTheEnd) {
  begin();
  elsewhere_ = {{.host = "two", .tally = {.current = {{50, 50}}, .candidate = {{5, 5}}}}};
  count(10, 0);
  wake();
  EXPECT_EQ(current(), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("0 of 15 handshakes with it failed, and 0 of 140 with"));
}

TEST_F(CanaryTest, AVerdictIsGivenOnceMoreAtTheEnd) {
  begin();
  tally_.current.counts = {90, 90};
  tally_.candidate.counts = {10, 0};
  wake();
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(refused_canary(store_, "www"), 2U);
}

TEST_F(CanaryTest, GoesOnAfterARestart) {
  begin();
  clock_.advance(2min);
  launch();
  EXPECT_EQ(lifecycle_->next_wake(), began_ + 5min);
  EXPECT_EQ(canary()->since, began_);
  count(10, 10);
  EXPECT_EQ(held_version(store_, "www"), 1U);
}

TEST_F(CanaryTest, ThatEndedWhileThereWasNoAgentIsCurrentAtTheNextStart) {
  begin();
  clock_.advance(1h);
  launch();
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, SwitchedOffItIsShownAtTheNextStart) {
  begin();
  launch("off");
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, RevocationEndsIt) {
  begin();
  lifecycle_->hasten("www");
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, ASuccessorOfWhatMustGoIsNotTriedOut) {
  launch();
  work();
  must_go_ = true;
  renew();
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, AnOperatorDoesNotWaitForIt) {
  begin();
  EXPECT_TRUE(lifecycle_->ask_for_renewal("www"));
  work();
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, ANewerOneIsTriedOutInItsPlace) {
  begin();
  has_news_ = true;
  source_.calls = 0;
  clock_.advance(1min);
  launch();
  lifecycle_->look_again("www");
  work();
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(canary(), (store::Canary{.version = 3, .since = clock_.now()}));
}

TEST_F(CanaryTest, NearItsEndTheOldOneGoesAtOnce) {
  lifetime_ = 4 * kTestDay;
  launch("1d");
  work();
  const auto installed = store_.load("www").value().certificate;
  const Time latest = latest_activation(installed->bundle, installed->info);
  clock_.set(latest - 1h);
  lifetime_ = 90 * kTestDay;
  has_news_ = true;
  work();
  EXPECT_EQ(current(), 2U);
  EXPECT_FALSE(canary());
}

TEST_F(CanaryTest, BeginsWhenTheWindowOpens) {
  launch("5min", "Wed 02:00-05:00 UTC");
  work();
  renew();
  EXPECT_FALSE(canary());
  const Time opening = kTestNow + 4 * kTestDay + 2h;
  EXPECT_THAT(log_.text(), HasSubstr("it is tried out from 2026-02-04T02:00:00Z on"));
  while (clock_.now() < opening) wake();
  EXPECT_EQ(current(), 1U);
  EXPECT_EQ(canary(), (store::Canary{.version = 2, .since = opening}));
  wake();
  EXPECT_EQ(clock_.now(), opening + 5min);
  EXPECT_EQ(current(), 2U);
}

// Seconds of another host's clock are no reason to begin anew.
TEST_F(CanaryTest, AClockThatIsALittleBehindDoesNotMakeItMuchLonger) {
  const Time right = begin_ahead(10s);
  clock_.set(right);
  lifecycle_->clock_was_set(-10s);
  wake();
  EXPECT_EQ(canary(), (store::Canary{.version = 2, .since = right + 10s}));
  while (current() == 1U && clock_.now() < right + 1h) wake();
  EXPECT_EQ(clock_.now(), right + 10s + 5min);
}

// Begun while the clock was ahead, it would never seem to have lasted for long enough.
TEST_F(CanaryTest, BeginsAnewWhenTheClockWasAhead) {
  const Time right = begin_ahead(2 * kTestDay);
  clock_.set(right);
  lifecycle_->clock_was_set(-2 * kTestDay);
  work();
  EXPECT_EQ(canary(), (store::Canary{.version = 2, .since = right}));
  EXPECT_EQ(current(), 1U);
  wake();
  EXPECT_EQ(clock_.now(), right + 5min);
  EXPECT_EQ(current(), 2U);
  EXPECT_FALSE(canary());
}

TEST_F(CanaryTest, BeginsAnewWhenTheClockWasAheadBeforeTheAgentStarted) {
  const Time right = begin_ahead(2 * kTestDay);
  clock_.set(right);
  launch();
  work();
  EXPECT_EQ(canary(), (store::Canary{.version = 2, .since = right}));
  while (current() == 1U && clock_.now() < right + 1h) wake();
  EXPECT_EQ(clock_.now(), right + 5min);
  EXPECT_EQ(current(), 2U);
}

TEST_F(CanaryTest, IsOverWhenTheClockWasBehind) {
  begin();
  clock_.set(began_ + 2 * kTestDay);
  lifecycle_->clock_was_set(2 * kTestDay);
  work();
  EXPECT_EQ(current(), 2U);
}

// Killed between the two steps of taking it back.
TEST_F(CanaryTest, WhatIsHeldEndsItBeforeItIsUnstaged) {
  begin();
  ASSERT_TRUE(hold(store_, *lease_, "www", 1, 2));
  EXPECT_FALSE(canary());
  launch();
  work();
  EXPECT_EQ(current(), 1U);
}

TEST_F(CanaryTest, AFullDiskDelaysIt) {
  begin();
  store_.fail_writes(Error(ErrorKind::transient, "No space left on device"));
  count(10, 10);
  EXPECT_EQ(current(), 1U);
  store_.fail_writes(std::nullopt);
  wake();
  EXPECT_EQ(refused_canary(store_, "www"), 2U);
}

}  // namespace
}  // namespace ccm::lifecycle
