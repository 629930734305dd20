// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "config/input/settings.h"
#include "config/source_kinds.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/lockout.h"
#include "sources/source_drivers.h"
#include "support/fake_clock.h"
#include "support/fake_cloud.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/scripted_http.h"
#include "support/test_ocsp.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using ccm::test::FakeClock;
using ccm::test::kTestDay;
using ccm::test::kTestNow;
using ccm::test::MemoryLog;
using ccm::test::MemoryStore;
using test::Fault;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kIssuer = "issuer=2cb2878b-6cd1-460d-bd25-afe655159bdc";

using Lines = std::vector<std::vector<std::string>>;

// Certificates of these names, each for NAME.example.com.
config::Config make_config(const std::vector<std::string>& names,
                           std::vector<std::string> source = {"scm"}, const Lines& more = {}) {
  config::Settings settings;
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  for (const auto& line : more) EXPECT_TRUE(settings.set(line[0], {line[1]}, {}));
  for (const std::string& name : names) {
    EXPECT_TRUE(settings.add_certificate(name, {}));
    EXPECT_TRUE(settings.set_in(name, "source", source, {}));
    EXPECT_TRUE(settings.set_in(name, "names", {name + ".example.com"}, {}));
  }
  return settings.finalize().value();
}

// One of them from PCA.
config::Config with_one_of_pca(const std::vector<std::string>& names, const std::string& one) {
  config::Settings settings;
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  for (const std::string& name : names) {
    const std::vector<std::string> pca{"pca", kIssuer};
    EXPECT_TRUE(settings.add_certificate(name, {}));
    EXPECT_TRUE(
        settings.set_in(name, "source", name == one ? pca : std::vector<std::string>{"scm"}, {}));
    EXPECT_TRUE(settings.set_in(name, "names", {name + ".example.com"}, {}));
  }
  return settings.finalize().value();
}

// Answers what the test says, per certificate.
class StubSource final : public sources::Source {
 public:
  using Answer = std::function<Result<sources::Outcome>(const sources::ObtainRequest&)>;

  Result<sources::Outcome> obtain(const sources::ObtainRequest& request) override {
    ++calls;
    return answer(request);
  }
  Result<void> installed(const sources::ObtainRequest&) override {
    ++installations;
    return {};
  }
  Result<void> refused(const sources::ObtainRequest&) override {
    ++refusals;
    return {};
  }

  Answer answer = [](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    return sources::Outcome(sources::Unchanged{});
  };
  std::atomic<int> calls = 0;
  std::atomic<int> installations = 0;
  std::atomic<int> refusals = 0;
};

// Counts what is asked beforehand and what is said to be revoked, and lets everything happen.
class CountedEvents final : public Events {
 public:
  void tell(Event event) noexcept override {
    revocations += event.type == EventType::revoked ? 1 : 0;
  }
  Result<void> ask(Event event) noexcept override {
    renewals += event.type == EventType::renewing ? 1 : 0;
    return {};
  }
  std::atomic<int> renewals = 0;
  std::atomic<int> revocations = 0;
};

class LifecycleTest : public testing::Test {
 protected:
  LifecycleTest() {
    source_.answer = [this](const sources::ObtainRequest& request) { return fresh(request); };
  }

  void launch(config::Config config, std::string launch_id = "launch-1") {
    lifecycle_.reset();
    config_ = std::make_unique<config::Config>(std::move(config));
    lifecycle_ = std::make_unique<Lifecycle>(
        Lifecycle::Parts{.config = *config_,
                         .store = *store_,
                         .source_of = [this](const config::SourceSpec& source) -> sources::Source& {
                           return source.kind().word == "pca" ? *pca_source_ : source_;
                         },
                         .clock = clock_,
                         .log = log_,
                         .launch_id = std::move(launch_id),
                         .responder = &responder_,
                         .events = events_});
    lifecycle_->start(*lease_);
  }
  // Everything that is due now, one after the other; how many there were.
  std::size_t work() {
    const auto names = lifecycle_->take_due(clock_.now(), 100'000);
    for (const std::string& name : names) lifecycle_->attempt(name, *lease_);
    return names.size();
  }
  // Time passes to the next wake-up.
  void sleep() { clock_.set(std::max(clock_.now(), lifecycle_->next_wake())); }

  Result<sources::Outcome> fresh(const sources::ObtainRequest& request) {
    return sources::Outcome(sources::Obtained{
        .bundle = make_bundle(request.spec.names, 90 * kTestDay), .origin = "scm:scs1"});
  }
  crypto::Bundle make_bundle(const std::vector<std::string>& names, Seconds lifetime) {
    const auto leaf = ccm::test::make_test_leaf(
        issuing_,
        {.names = names, .not_before = clock_.now(), .not_after = clock_.now() + lifetime});
    return crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value();
  }
  void fail_with_error(Error error) {
    source_.answer = [error](const sources::ObtainRequest&) -> Result<sources::Outcome> {
      return fail(error);
    };
  }
  State persisted(const std::string& name) {
    const auto record = store_->read_record(name, "state").value();
    return record ? parse_state(record->value.reveal()).value().state : State(Absent{});
  }
  store::VersionNumber version(const std::string& name) { return store_->current_version(name); }

  ccm::test::TestAuthority root_ = ccm::test::make_test_root();
  ccm::test::TestAuthority issuing_ = ccm::test::make_test_intermediate(root_);
  FakeClock clock_{kTestNow};
  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>();
  MemoryLog log_;
  std::unique_ptr<store::Lease> lease_ = store_->try_lead().value();
  StubSource source_;
  StubSource pca_;
  sources::Source* pca_source_ = &source_;  // one for both kinds, unless a test says otherwise
  ccm::test::ScriptedHttp http_;
  Responder responder_{http_, clock_};
  CountedEvents events_;
  std::unique_ptr<config::Config> config_;
  std::unique_ptr<Lifecycle> lifecycle_;
};

TEST_F(LifecycleTest, BeginsAtOnceAndInstalls) {
  launch(make_config({"www"}));
  EXPECT_LT(lifecycle_->next_wake(), clock_.now());
  EXPECT_EQ(work(), 1U);
  EXPECT_EQ(version("www"), 1U);
  EXPECT_EQ(source_.installations, 1);
  EXPECT_THAT(log_.text(), AllOf(HasSubstr("[notice] certificate \"www\": installed version 1 from "
                                           "scm:scs1 (serial "),
                                 HasSubstr("next renewal ")));
  EXPECT_TRUE(std::holds_alternative<Valid>(persisted("www")));
  EXPECT_GT(lifecycle_->next_wake(), clock_.now());
  EXPECT_EQ(work(), 0U);
}

TEST_F(LifecycleTest, RenewsInTheWindowAndNotBefore) {
  launch(make_config({"www"}));
  std::vector<Time> renewals;
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    if (!request.is_due) return sources::Outcome(sources::Unchanged{});
    renewals.push_back(request.now);
    return fresh(request);
  };
  while (clock_.now() < kTestNow + 200 * kTestDay) {
    work();
    sleep();
  }
  ASSERT_EQ(renewals.size(), 4U);
  for (std::size_t i = 1; i < renewals.size(); ++i) {
    const Seconds age = renewals[i] - renewals[i - 1];
    EXPECT_LE(age, 61 * kTestDay);
    EXPECT_GE(age, 57 * kTestDay);
  }
  EXPECT_EQ(log_.count(Severity::error), 0U);
}

TEST_F(LifecycleTest, KeepsTheGoodOneWhileTheCloudIsDownAndRecovers) {
  launch(make_config({"www"}));
  work();
  clock_.advance(62 * kTestDay);
  fail_with_error(Error(ErrorKind::transient, "connection refused"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(work(), 1U);
    EXPECT_LE(lifecycle_->next_wake() - clock_.now(), 1h);
    sleep();
  }
  EXPECT_EQ(version("www"), 1U);
  EXPECT_EQ(std::get<Failing>(persisted("www")).attempts, 50U);
  EXPECT_THAT(log_.text(),
              HasSubstr("[error] certificate \"www\": connection refused; the installed "
                        "certificate (version 1, valid until "));
  source_.answer = [this](const sources::ObtainRequest& request) { return fresh(request); };
  work();
  EXPECT_EQ(version("www"), 2U);
}

TEST_F(LifecycleTest, GetsLouderWhenTheEndComesNear) {
  launch(make_config({"www"}));
  work();
  fail_with_error(Error(ErrorKind::transient, "down"));
  clock_.advance(80 * kTestDay);
  work();
  EXPECT_EQ(log_.count(Severity::error), 1U);
  clock_.advance(2 * kTestDay);
  work();
  EXPECT_EQ(log_.count(Severity::crit), 1U);
  clock_.advance(10 * kTestDay);
  work();
  EXPECT_EQ(log_.count(Severity::alert), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("expired at"));
}

TEST_F(LifecycleTest, WhatIsSaidToBeRevokedIsLookedAtAtOnce) {
  launch(make_config({"www"}));
  work();
  lifecycle_->hasten("stranger");
  EXPECT_EQ(work(), 0U);
  lifecycle_->hasten("www");
  EXPECT_LE(lifecycle_->next_wake(), clock_.now());
  source_.answer = [](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    EXPECT_FALSE(request.is_due);
    return sources::Outcome(sources::Unchanged{});
  };
  EXPECT_EQ(work(), 1U);
  EXPECT_GT(lifecycle_->next_wake(), clock_.now());
}

TEST_F(LifecycleTest, WhatIsSaidToBeRevokedInTheMiddleOfALookIsLookedAtOnceMore) {
  launch(make_config({"www"}));
  source_.answer = [this](const sources::ObtainRequest& request) {
    if (source_.calls == 1) lifecycle_->hasten("www");
    return fresh(request);
  };
  work();
  EXPECT_EQ(work(), 1U);
  EXPECT_EQ(work(), 0U);
  // What was refused for good is worth another look then, too; a service that asked us to stay away
  // is not.
  fail_with_error(Error(ErrorKind::rejected, "x"));
  lifecycle_->hasten("www");
  EXPECT_EQ(work(), 1U);
  lifecycle_->hasten("www");
  EXPECT_EQ(work(), 1U);
  fail_with_error(Error(ErrorKind::throttled, "x").with_retry_after(1h));
  lifecycle_->hasten("www");
  EXPECT_EQ(work(), 1U);
  lifecycle_->hasten("www");
  EXPECT_EQ(work(), 0U);
}

TEST_F(LifecycleTest, DoesNotRepeatWhatIsPermanentBeforeTheNextCheck) {
  launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}));
  work();
  fail_with_error(Error(ErrorKind::rejected, "no such certificate"));
  sleep();
  work();
  EXPECT_TRUE(std::holds_alternative<Rejected>(persisted("www")));
  EXPECT_GE(lifecycle_->next_wake(), clock_.now() + 5h);
  EXPECT_LE(lifecycle_->next_wake(), clock_.now() + 6h);
  // A restart of the agent changes nothing,
  launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}));
  EXPECT_EQ(work(), 0U);
  // a reload does, and so do other settings.
  launch(make_config({"www"}), "launch-2");
  EXPECT_EQ(work(), 1U);
  launch(make_config({"www"}, {"scm", "id=scs9"}), "launch-2");
  EXPECT_EQ(work(), 1U);
}

// With nothing installed the site is down.
TEST_F(LifecycleTest, LooksEveryHourForWhatIsMissing) {
  launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}));
  fail_with_error(Error(ErrorKind::rejected, "no such certificate"));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(work(), 1U);
    EXPECT_TRUE(std::holds_alternative<Rejected>(persisted("www")));
    EXPECT_GE(lifecycle_->next_wake(), clock_.now() + 50min);
    EXPECT_LE(lifecycle_->next_wake(), clock_.now() + 1h);
    sleep();
  }
}

// Whatever it waits for, and however often the agent is started anew.
class WaitTest : public LifecycleTest, public testing::WithParamInterface<int> {
 protected:
  // The answers of a cloud that does not help.
  void answer(int number) {
    static constexpr std::array kKinds{ErrorKind::transient,    ErrorKind::throttled,
                                       ErrorKind::unauthorized, ErrorKind::rejected,
                                       ErrorKind::invalid,      ErrorKind::internal};
    const auto count = static_cast<int>(kKinds.size());
    if (number < count)
      return fail_with_error(Error(kKinds[static_cast<std::size_t>(number)], "x"));
    if (number < 2 * count) {
      return fail_with_error(Error(kKinds[static_cast<std::size_t>(number - count)], "x")
                                 .with_retry_after(3 * kTestDay));
    }
    source_.answer = [=, this](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
      if (number == 2 * count) return sources::Outcome(sources::Unchanged{});
      if (number == 2 * count + 1) {
        return sources::Outcome(
            sources::Pending{.retry_at = request.now + 3 * kTestDay, .reason = "in review"});
      }
      return sources::Outcome(sources::Obtained{
          .bundle = make_bundle({"wrong.example.com"}, 90 * kTestDay), .origin = "scm:scs2"});
    };
  }
};

TEST_P(WaitTest, NothingWaitsBeyondTheEndOfWhatIsServed) {
  for (const bool is_pca : {false, true}) {
    const Lines more = {{"check_interval", "30d"}, {"renew_before", "8h"}};
    const auto config = [&] {
      return is_pca ? make_config({"www"}, {"pca", kIssuer}, more)
                    : make_config({"www"}, {"scm"}, more);
    };
    // A certificate of one day.
    store_ = std::make_unique<MemoryStore>();
    lease_ = store_->try_lead().value();
    source_.answer = [&](const sources::ObtainRequest& request) {
      return sources::Outcome(sources::Obtained{
          .bundle = make_bundle(request.spec.names, kTestDay),
          .origin = is_pca ? "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/1" : "scm:scs1"});
    };
    launch(config());
    work();
    const Time end = clock_.now() + kTestDay;
    ASSERT_EQ(version("www"), 1U);
    answer(GetParam());
    int looks = 0;
    while (clock_.now() < end) {
      const Time wake = std::max(clock_.now(), lifecycle_->next_wake());
      ASSERT_LT(wake, end) << "the last look comes before the end";
      if (wake > end - 10s) break;
      clock_.set(wake);
      ASSERT_EQ(work(), 1U);
      ASSERT_GT(lifecycle_->next_wake(), clock_.now()) << "no loop that never rests";
      if (++looks % 3 == 0) launch(config());
    }
    EXPECT_LT(looks, 400);
    // When the fault ends a moment before the end, the successor is there in time.
    source_.answer = [this](const sources::ObtainRequest& request) { return fresh(request); };
    sleep();
    work();
    EXPECT_EQ(version("www"), 2U);
    EXPECT_LT(clock_.now(), end);
  }
}

INSTANTIATE_TEST_SUITE_P(Answers, WaitTest, testing::Range(0, 15));

TEST_F(LifecycleTest, LooksAgainSoonAfterTheEnd) {
  launch(make_config({"www"}));
  work();
  clock_.advance(91 * kTestDay);
  fail_with_error(Error(ErrorKind::rejected, "the CA is disabled"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(lifecycle_->next_wake() - clock_.now(), 5min);
    sleep();
    EXPECT_EQ(work(), 1U);
  }
}

TEST_F(LifecycleTest, AnAuthorityThatGivesTooLittleDoesNotSetThePace) {
  for (const Seconds backdated : {Seconds(0), Seconds(20 * kTestDay), Seconds(200 * kTestDay)}) {
    store_ = std::make_unique<MemoryStore>();
    lease_ = store_->try_lead().value();
    source_.calls = 0;
    source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
      if (!request.is_due) return sources::Outcome(sources::Unchanged{});
      const auto leaf = ccm::test::make_test_leaf(issuing_, {.names = request.spec.names,
                                                             .not_before = clock_.now() - backdated,
                                                             .not_after = clock_.now() + kTestDay});
      return sources::Outcome(sources::Obtained{
          .bundle =
              crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value(),
          .origin = "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/1"});
    };
    launch(
        make_config({"www"}, {"pca", kIssuer}, {{"check_interval", "10m"}, {"validity", "90d"}}));
    const Time end = clock_.now() + 4 * kTestDay;
    while (clock_.now() < end) {
      work();
      sleep();
    }
    EXPECT_LE(version("www"), 4U * 4U);
    EXPECT_GE(version("www"), 4U) << "it is renewed in time";
    EXPECT_THAT(log_.text(), HasSubstr("PCA was asked for 90d and gave 1d"));
    EXPECT_EQ(log_.count(Severity::error), 0U);
  }
}

TEST_F(LifecycleTest, WhatAnAuthorityIssuesInVainCostsAFewCertificatesADay) {
  launch(make_config({"www"}, {"pca", kIssuer}, {{"check_interval", "10m"}, {"validity", "90d"}}));
  source_.answer = [&](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    return sources::Outcome(
        sources::Obtained{.bundle = make_bundle({"wrong.example.com"}, 90 * kTestDay),
                          .origin = "pca:2cb2878b-6cd1-460d-bd25-afe655159bdc/1"});
  };
  const Time end = clock_.now() + 10 * kTestDay;
  while (clock_.now() < end) {
    work();
    launch(
        make_config({"www"}, {"pca", kIssuer}, {{"check_interval", "10m"}, {"validity", "90d"}}));
    sleep();
  }
  EXPECT_LE(source_.refusals, 66);
}

TEST_F(LifecycleTest, ALongOutageDoesNotDelayWhatIsOrderedAnewAfterIt) {
  launch(make_config({"www"}, {"pca", kIssuer}, {{"check_interval", "10m"}}));
  fail_with_error(Error(ErrorKind::transient, "down"));
  for (int i = 0; i < 50; ++i) {
    work();
    sleep();
  }
  fail_with_error(Error(ErrorKind::invalid, "revoked before it was fetched"));
  work();
  EXPECT_LE(lifecycle_->next_wake() - clock_.now(), 10s);
  // Neither is the count of these forgotten in an outage, nor by the next process.
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::invalid, ErrorKind::invalid,
                               ErrorKind::transient, ErrorKind::invalid}) {
    sleep();
    launch(make_config({"www"}, {"pca", kIssuer}, {{"check_interval", "10m"}}));
    fail_with_error(Error(kind, "again"));
    work();
  }
  EXPECT_EQ(std::get<Failing>(persisted("www")).attempts, 56U);
  EXPECT_EQ(std::get<Failing>(persisted("www")).costly, 5U);
  EXPECT_GE(lifecycle_->next_wake() - clock_.now(), 10min);
}

constexpr const char* kMustStapleResponder = "http://ocsp.example.com/one";

class MustStapleTest : public LifecycleTest {
 protected:
  // From here on the source has a certificate that demands stapling.
  void renew() {
    const auto leaf =
        ccm::test::make_test_leaf(issuing_, {.names = {"www.example.com"},
                                             .not_before = clock_.now() - 1h,
                                             .not_after = clock_.now() + 90 * kTestDay,
                                             .ocsp_url = kMustStapleResponder,
                                             .must_staple = true});
    bundle_ = crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value();
    source_.answer = [this](const sources::ObtainRequest&) -> Result<sources::Outcome> {
      return sources::Outcome(sources::Obtained{.bundle = *bundle_, .origin = "scm:scs1"});
    };
    http_.forget_routes();
  }
  void respond(crypto::OcspStatus status) {
    http_.forget_routes();
    der_ = ccm::test::make_test_response(bundle_->leaf(), issuing_,
                                         {.status = status,
                                          .this_update = clock_.now() - 1h,
                                          .next_update = clock_.now() + 7 * kTestDay});
    http_.on("POST", kMustStapleResponder).answer(200, ccm::test::text_of(der_));
  }
  std::vector<std::byte> stapled() {
    return store_->load("www").value().certificate.value().ocsp_response;
  }

  std::optional<crypto::Bundle> bundle_;
  std::vector<std::byte> der_;
};

TEST_F(MustStapleTest, GoesLiveWithItsFirstResponse) {
  launch(make_config({"www"}));
  work();
  clock_.advance(62 * kTestDay);
  renew();
  http_.on("POST", kMustStapleResponder).unreachable();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(work(), 1U);
    EXPECT_EQ(version("www"), 1U) << "the old one is good and needs none";
    sleep();
  }
  EXPECT_EQ(source_.refusals, 0);
  EXPECT_THAT(log_.text(), HasSubstr("demands stapling, and http://ocsp.example.com/one has no "
                                     "response for it yet: scripted: connection refused"));
  respond(crypto::OcspStatus::good);
  work();
  EXPECT_EQ(version("www"), 2U);
  EXPECT_EQ(stapled(), der_);
}

TEST_F(MustStapleTest, GoesLiveWithoutOneWhenNothingBetterIsThere) {
  launch(make_config({"www"}));
  renew();
  http_.on("POST", kMustStapleResponder).unreachable();
  work();
  EXPECT_EQ(version("www"), 1U) << "there was no certificate at all";
  clock_.advance(89 * kTestDay);
  renew();
  http_.on("POST", kMustStapleResponder).unreachable();
  work();
  EXPECT_EQ(version("www"), 2U) << "the old one is near its end";
  EXPECT_THAT(log_.text(), HasSubstr("it is installed without one"));
}

TEST_F(MustStapleTest, IsRefusedWhenItsResponderSaysThatItWasRevoked) {
  launch(make_config({"www"}));
  work();
  clock_.advance(62 * kTestDay);
  renew();
  respond(crypto::OcspStatus::revoked);
  work();
  EXPECT_EQ(version("www"), 1U);
  EXPECT_EQ(source_.refusals, 1);
  EXPECT_THAT(log_.text(), HasSubstr("was refused: http://ocsp.example.com/one says that it was"));
}

TEST_F(MustStapleTest, AsksNobodyWhenStaplingIsSwitchedOff) {
  launch(make_config({"www"}, {"scm"}, {{"stapling", "off"}}));
  work();
  clock_.advance(62 * kTestDay);
  renew();
  work();
  EXPECT_EQ(version("www"), 2U);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(LifecycleTest, HonoursRetryAfterOverReloads) {
  launch(make_config({"www"}));
  fail_with_error(Error(ErrorKind::throttled, "slow down").with_retry_after(30min));
  work();
  for (int i = 2; i < 20; ++i) {
    launch(make_config({"www"}), "launch-" + std::to_string(i));
    EXPECT_EQ(work(), 0U);
    EXPECT_GE(lifecycle_->next_wake(), kTestNow + 30min);
  }
  EXPECT_EQ(source_.calls, 1);
  sleep();
  EXPECT_EQ(work(), 1U);
}

TEST_F(LifecycleTest, RefusesAWorseOneWithBackOffAndTellsTheSource) {
  launch(make_config({"www"}));
  work();
  clock_.advance(62 * kTestDay);
  source_.answer = [&](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    return sources::Outcome(sources::Obtained{
        .bundle = make_bundle({"wrong.example.com"}, 90 * kTestDay), .origin = "scm:scs2"});
  };
  std::vector<Seconds> waits;
  for (int i = 0; i < 20; ++i) {
    work();
    waits.push_back(lifecycle_->next_wake() - clock_.now());
    sleep();
  }
  EXPECT_EQ(version("www"), 1U);
  EXPECT_EQ(source_.refusals, 20);
  EXPECT_LE(waits.front(), 5s);
  EXPECT_GT(waits.back(), 4h);
  EXPECT_THAT(log_.text(), HasSubstr("the certificate from scm:scs2 was refused: names: "));
}

TEST_F(LifecycleTest, WaitsForTheFirstDayOfAnEarlyCertificate) {
  launch(make_config({"www"}));
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    const auto leaf = ccm::test::make_test_leaf(
        issuing_, {.names = request.spec.names, .not_before = kTestNow + 10min});
    return sources::Outcome(sources::Obtained{
        .bundle = crypto::Bundle::make({leaf.certificate, issuing_.certificate}, leaf.key).value(),
        .origin = "scm:scs1"});
  };
  work();
  EXPECT_EQ(source_.refusals, 0);
  EXPECT_GE(lifecycle_->next_wake(), kTestNow + 10min);
  sleep();
  work();
  EXPECT_EQ(version("www"), 1U);
}

TEST_F(LifecycleTest, LetsARevokedOneGoForOneThatEndsSooner) {
  launch(make_config({"www"}));
  work();
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    return sources::Outcome(
        sources::Obtained{.bundle = make_bundle(request.spec.names, 10 * kTestDay),
                          .origin = "scm:scs2",
                          .current_must_go = true});
  };
  sleep();
  work();
  EXPECT_EQ(version("www"), 2U);
}

// There may be no responder that says it.
TEST_F(LifecycleTest, TellsOnceThatTheServiceSaysItIsRevoked) {
  launch(make_config({"www"}));
  work();
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    request.on_revoked("SCM");
    return fail(ErrorKind::pending, "there is no successor yet");
  };
  for (int i = 0; i < 3; ++i) {
    sleep();
    work();
  }
  EXPECT_EQ(events_.revocations, 1);
  EXPECT_THAT(log_.text(), HasSubstr("certificate \"www\": SCM says that version 1 was revoked"));
  launch(make_config({"www"}), "launch-2");
  sleep();
  work();
  EXPECT_EQ(events_.revocations, 1) << "the next agent knows";
}

TEST_F(LifecycleTest, WaitsQuietlyForWhatIsInReview) {
  launch(make_config({"www"}));
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    return sources::Outcome(
        sources::Pending{.retry_at = request.now + 1min, .reason = "scs1: CHECKING"});
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(work(), 1U);
    EXPECT_EQ(lifecycle_->next_wake(), clock_.now() + 1min);
    sleep();
  }
  EXPECT_EQ(log_.count(Severity::notice), 1U);
  EXPECT_EQ(log_.count(Severity::info), 4U);
  EXPECT_EQ(std::get<Waiting>(persisted("www")).attempts, 0U);
}

TEST_F(LifecycleTest, ReportsThatNothingBetterExistsForAnUnusableOne) {
  launch(make_config({"www"}));
  work();
  source_.answer = [](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    return sources::Outcome(sources::Unchanged{});
  };
  clock_.advance(91 * kTestDay);
  work();
  EXPECT_TRUE(std::holds_alternative<Rejected>(persisted("www")));
  EXPECT_THAT(log_.text(), HasSubstr("nothing better than what is installed: not after: "));
}

TEST_F(LifecycleTest, ChecksADueOneWithoutSuccessorOnceInAnInterval) {
  launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}));
  work();
  source_.answer = [](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    return sources::Outcome(sources::Unchanged{});
  };
  clock_.advance(70 * kTestDay);
  source_.calls = 0;
  const Time end = clock_.now() + 24h;
  while (clock_.now() < end) {
    work();
    launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}),
           std::to_string(source_.calls));
    sleep();
  }
  EXPECT_LE(source_.calls, 5);
}

TEST_F(LifecycleTest, MissesNoRenewalThatFellIntoADowntime) {
  launch(make_config({"www"}));
  work();
  clock_.advance(70 * kTestDay);
  launch(make_config({"www"}), "launch-2");
  EXPECT_LE(lifecycle_->next_wake(), clock_.now());
}

TEST_F(LifecycleTest, TrustsWhatIsInstalledMoreThanItsRecord) {
  const Secret record = Secret::copy_of(
      serialize({.state = Valid{.renew_at = Time::max(), .check_at = Time::max()},
                 .spec_fingerprint = make_config({"www"}).certificates().front().fingerprint(),
                 .launch_id = "launch-1"}));
  ASSERT_TRUE(store_->write_record(*lease_, "www", "state", record, 0));
  launch(make_config({"www"}));
  EXPECT_EQ(work(), 1U);  // nothing is installed
  ASSERT_TRUE(store_->write_record(*lease_, "www", "state", record, 2));
  launch(make_config({"www"}));
  EXPECT_LE(lifecycle_->next_wake(), clock_.now() + kTestDay);
}

TEST_F(LifecycleTest, DoesNotWaitForTimesThatAWrongClockWrote) {
  const std::string fingerprint = make_config({"www"}).certificates().front().fingerprint();
  const Error error(ErrorKind::throttled, "x");
  const std::vector<State> states = {
      Failing{.attempts = 1, .retry_at = kTestNow + 9999 * kTestDay, .error = error},
      Rejected{.check_at = kTestNow + 9999 * kTestDay, .error = error}};
  std::uint64_t version = 0;
  for (const State& state : states) {
    const Secret record = Secret::copy_of(
        serialize({.state = state, .spec_fingerprint = fingerprint, .launch_id = "launch-1"}));
    version = store_->write_record(*lease_, "www", "state", record, version).value();
    launch(make_config({"www"}));
    EXPECT_LE(lifecycle_->next_wake(), clock_.now() + 25h);
  }
}

// Seconds with a wrong clock, forwards or backwards, and everything is as it was before.
TEST_F(LifecycleTest, AClockThatIsSetChangesNoWait) {
  const Error error(ErrorKind::rejected, "x");
  for (const Seconds wrong : {Seconds(2 * kTestDay), Seconds(-2 * kTestDay),
                              Seconds(9999 * kTestDay), Seconds(-9999 * kTestDay)}) {
    for (const bool has_failed : {false, true}) {
      store_ = std::make_unique<MemoryStore>();
      lease_ = store_->try_lead().value();
      source_.answer = [this](const sources::ObtainRequest& request) { return fresh(request); };
      launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}));
      work();
      const Time renew_at = std::get<Valid>(persisted("www")).renew_at;
      if (has_failed) {
        fail_with_error(error);
      } else {
        source_.answer = [](const sources::ObtainRequest&) -> Result<sources::Outcome> {
          return sources::Outcome(sources::Unchanged{});
        };
      }
      const Time right = clock_.now();
      clock_.set(right + wrong);
      lifecycle_->clock_was_set(wrong);
      work();
      clock_.set(right + 3s);
      lifecycle_->clock_was_set(-wrong);
      if (has_failed) {
        EXPECT_LE(lifecycle_->next_wake(), clock_.now()) << "the clock may be why";
      }
      work();
      EXPECT_LE(lifecycle_->next_wake(), clock_.now() + 6h) << wrong.count();
      EXPECT_GT(lifecycle_->next_wake(), clock_.now()) << wrong.count();
      if (!has_failed) {
        EXPECT_EQ(std::get<Valid>(persisted("www")).renew_at, renew_at);
      }
      // The same for an agent that starts with what the wrong clock left.
      launch(make_config({"www"}, {"scm"}, {{"check_interval", "6h"}}));
      EXPECT_LE(lifecycle_->next_wake(), clock_.now() + 6h);
    }
  }
}

TEST_F(LifecycleTest, AClockThatIsSetDuringALookBringsAnother) {
  launch(make_config({"www"}));
  source_.answer = [this](const sources::ObtainRequest& request) {
    if (source_.calls == 1) lifecycle_->clock_was_set(-2 * kTestDay);
    return fresh(request);
  };
  work();
  EXPECT_EQ(work(), 1U);
  EXPECT_EQ(work(), 0U);
}

TEST_F(LifecycleTest, AClockThatIsSetBringsNobodyBackWhoWasAskedToStayAway) {
  launch(make_config({"www"}));
  fail_with_error(Error(ErrorKind::throttled, "slow down").with_retry_after(30min));
  work();
  clock_.set(clock_.now() - 2 * kTestDay);
  lifecycle_->clock_was_set(-2 * kTestDay);
  EXPECT_EQ(work(), 0U);
  EXPECT_GE(lifecycle_->next_wake(), clock_.now() + 30min);
  EXPECT_LE(lifecycle_->next_wake(), clock_.now() + 32min);
}

TEST_F(LifecycleTest, SurvivesADamagedRecord) {
  ASSERT_TRUE(store_->write_record(*lease_, "www", "state",
                                   Secret::copy_of(std::string_view("garbage")), 0));
  launch(make_config({"www"}));
  EXPECT_EQ(work(), 1U);
  EXPECT_TRUE(std::holds_alternative<Valid>(persisted("www")));
}

TEST_F(LifecycleTest, HealsADamagedVersion) {
  launch(make_config({"www"}));
  work();
  store_->damage("www", 1);
  launch(make_config({"www"}));
  EXPECT_EQ(work(), 1U);
  EXPECT_EQ(version("www"), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("was altered"));
}

TEST_F(LifecycleTest, ReplacesAtOnceWhatNewSettingsDoNotAccept) {
  launch(make_config({"www"}));
  work();
  bool was_due = false;
  source_.answer = [&](const sources::ObtainRequest& request) {
    was_due = request.is_due;
    return fresh(request);
  };
  launch(make_config({"www"}, {"pca", kIssuer}, {{"key", "rsa:2048"}}), "launch-2");
  EXPECT_EQ(work(), 1U);
  EXPECT_TRUE(was_due);
}

TEST_F(LifecycleTest, RenewsByTheConfiguredValidityWhenThatIsShorter) {
  launch(make_config({"www"}, {"pca", kIssuer}, {{"validity", "30d"}, {"key", "ecdsa:256"}}));
  work();  // an installed one of 90 days
  // A third of 30 days before its end, not of 90: what is issued now would end sooner.
  const Time renew_at = std::get<Valid>(persisted("www")).renew_at;
  EXPECT_GE(renew_at, kTestNow + 78 * kTestDay);
}

TEST_F(LifecycleTest, SurvivesAFullDisk) {
  launch(make_config({"www"}));
  store_->fail_writes(Error(ErrorKind::transient, "No space left on device"));
  work();
  EXPECT_EQ(version("www"), 0U);
  EXPECT_EQ(source_.installations, 0);
  store_->fail_writes(std::nullopt);
  sleep();
  work();
  EXPECT_EQ(version("www"), 1U);
}

TEST_F(LifecycleTest, WritesNothingWithAnOldLease) {
  launch(make_config({"www"}));
  class OldLease final : public store::Lease {
   public:
    std::uint64_t fencing_token() const noexcept override { return 0; }
  } old;
  const auto names = lifecycle_->take_due(clock_.now(), 1);
  lifecycle_->attempt(names.front(), old);
  EXPECT_EQ(version("www"), 0U);
}

TEST_F(LifecycleTest, TurnsAnExceptionIntoAFailure) {
  launch(make_config({"www"}));
  source_.answer = [](const sources::ObtainRequest&) -> Result<sources::Outcome> {
    throw std::runtime_error("boom");
  };
  EXPECT_EQ(work(), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("a defect of the program: boom"));
  EXPECT_GT(lifecycle_->next_wake(), clock_.now() + 30min);
  source_.answer = [this](const sources::ObtainRequest& request) { return fresh(request); };
  sleep();
  EXPECT_EQ(work(), 1U);
  EXPECT_EQ(version("www"), 1U);
}

TEST_F(LifecycleTest, AsksOnceBeforeARenewalHoweverLongTheCloudTakes) {
  launch(make_config({"www"}));
  source_.answer = [](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    return sources::Outcome(sources::Pending{.retry_at = request.now + 1min, .reason = "x"});
  };
  for (int i = 0; i < 5; ++i) {
    work();
    sleep();
  }
  EXPECT_EQ(source_.calls, 5);
  EXPECT_EQ(events_.renewals, 1);
  lifecycle_->ask_for_renewal("www");
  work();
  EXPECT_EQ(events_.renewals, 2) << "an operator's wish is a renewal of its own";
}

TEST_F(LifecycleTest, HandsOutWhatAnOperatorWantsFirstAndWhatIsChosen) {
  pca_source_ = &pca_;
  launch(with_one_of_pca({"a", "b", "c"}, "b"));
  const auto wait = [](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    return sources::Outcome(sources::Pending{.retry_at = request.now + 1min, .reason = "x"});
  };
  source_.answer = wait;
  pca_.answer = wait;
  work();
  EXPECT_EQ(pca_.calls, 1);
  lifecycle_->ask_for_renewal("c");
  clock_.advance(2min);
  const Lifecycle::Choice wanted{.is_only_wanted = true};
  const Lifecycle::Choice of_pca{.kind = config::find_source_kind("pca")};
  EXPECT_EQ(lifecycle_->take_due(clock_.now(), 1), std::vector<std::string>{"c"});
  EXPECT_TRUE(lifecycle_->take_due(clock_.now(), 9, wanted).empty()) << "it is in work";
  EXPECT_EQ(lifecycle_->next_wake(wanted), Time::max());
  EXPECT_LE(lifecycle_->next_wake(of_pca), clock_.now());
  EXPECT_EQ(lifecycle_->next_wake({.kind = of_pca.kind, .is_only_wanted = true}), Time::max());
  EXPECT_EQ(lifecycle_->take_due(clock_.now(), 9, of_pca), std::vector<std::string>{"b"});
  EXPECT_EQ(lifecycle_->take_due(clock_.now(), 9), std::vector<std::string>{"a"});
}

TEST_F(LifecycleTest, AWishMadeDuringAnAttemptIsTheNext) {
  launch(make_config({"a"}));
  source_.answer = [this](const sources::ObtainRequest& request) {
    lifecycle_->ask_for_renewal("a");
    EXPECT_EQ(lifecycle_->next_wake(), Time::max()) << "it is in work";
    return fresh(request);
  };
  EXPECT_EQ(work(), 1U);
  EXPECT_LE(lifecycle_->next_wake({.is_only_wanted = true}), clock_.now());
  lifecycle_->look_again("a");
  EXPECT_EQ(lifecycle_->next_wake({.is_only_wanted = true}), Time::max());
  EXPECT_LE(lifecycle_->next_wake(), clock_.now()) << "its state is found out anew";
}

TEST_F(LifecycleTest, AWakeReadsNothingAndARenewalReadsItsOwn) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("n" + std::to_string(i));
  source_.answer = [](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    const Seconds wait = request.spec.name == "n7" ? 10min : 11min;
    return sources::Outcome(sources::Pending{.retry_at = request.now + wait, .reason = "x"});
  };
  launch(make_config(names));
  EXPECT_EQ(work(), names.size());
  const auto before = store_->reads();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(work(), 0U);
  EXPECT_EQ(store_->reads(), before);
  sleep();
  EXPECT_EQ(work(), 1U);
  EXPECT_LE(store_->reads() - before, 10U);
}

TEST_F(LifecycleTest, HandsOutTheMostOverdueFirstAndNothingTwice) {
  launch(make_config({"a", "b", "c"}));
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    const Seconds wait = request.spec.name == "b" ? 1min : 2min;
    return sources::Outcome(sources::Pending{.retry_at = request.now + wait, .reason = "x"});
  };
  work();
  clock_.advance(3min);
  EXPECT_EQ(lifecycle_->take_due(clock_.now(), 1), std::vector<std::string>{"b"});
  EXPECT_EQ(lifecycle_->take_due(clock_.now(), 9).size(), 2U);
  EXPECT_EQ(lifecycle_->take_due(clock_.now(), 9).size(), 0U);
  EXPECT_EQ(lifecycle_->next_wake(), Time::max());
}

TEST_F(LifecycleTest, KeepsManyOnThreadsForMonths) {
  constexpr int kCertificates = 24;
  constexpr int kThreads = 4;
  std::vector<std::string> names;
  for (int i = 0; i < kCertificates; ++i) names.push_back("n" + std::to_string(i));
  launch(make_config(names, {"scm"}, {{"check_interval", "4d"}}));
  std::mutex mutex;
  std::mt19937 random(1);
  source_.answer = [&](const sources::ObtainRequest& request) -> Result<sources::Outcome> {
    if (!request.is_due) return sources::Outcome(sources::Unchanged{});
    const std::lock_guard lock(mutex);
    if (random() % 4 == 0) return fail(ErrorKind::transient, "down");
    return fresh(request);
  };
  int rounds = 0;
  while (clock_.now() < kTestNow + 200 * kTestDay && ++rounds < 100'000) {
    const auto due_names = lifecycle_->take_due(clock_.now(), kThreads);
    std::vector<std::thread> threads;
    for (const std::string& name : due_names) {
      threads.emplace_back([&, name] { lifecycle_->attempt(name, *lease_); });
    }
    // The main thread looks on while they work.
    static_cast<void>(lifecycle_->next_wake());
    for (std::thread& thread : threads) thread.join();
    if (lifecycle_->next_wake() > clock_.now()) clock_.set(lifecycle_->next_wake() + 30min);
  }
  for (const std::string& name : names) {
    const auto loaded = store_->load(name).value();
    ASSERT_TRUE(loaded.certificate) << name;
    EXPECT_GT(loaded.certificate->info.not_after, clock_.now() + 20 * kTestDay) << name;
    EXPECT_GE(version(name), 3U) << name;
  }
}

// The real sources and clients.
class WholeLifecycleTest : public testing::Test {
 protected:
  void launch(config::Config config) {
    config_ = std::make_unique<config::Config>(std::move(config));
    lifecycle_ = std::make_unique<Lifecycle>(
        Lifecycle::Parts{.config = *config_,
                         .store = store_,
                         .source_of = [this](const config::SourceSpec& source) -> sources::Source& {
                           return sources_.of(source);
                         },
                         .clock = cloud_.clock,
                         .log = log_,
                         .launch_id = "launch-1"});
    lifecycle_->start(*lease_);
  }
  std::size_t work() {
    const auto names = lifecycle_->take_due(cloud_.clock.now(), 1000);
    for (const std::string& name : names) lifecycle_->attempt(name, *lease_);
    return names.size();
  }

  test::FakeCloud cloud_;
  MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  std::unique_ptr<cloud::LockoutGuard> guard_ =
      make_store_lockout_guard(store_, *lease_, cloud_.clock);
  test::CloudClients clients_{cloud_, *guard_};
  MemoryLog log_;
  const cloud::Endpoints endpoints_{
      .iam = "https://iam.test", .scm = "https://scm.test", .pca = "https://pca.test"};
  sources::Sources sources_{{clients_.session, endpoints_, store_, cloud_.clock, log_}};
  std::unique_ptr<config::Config> config_;
  std::unique_ptr<Lifecycle> lifecycle_;
};

TEST_F(WholeLifecycleTest, TwoRefusedCredentialsNeverBecomeFive) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("n" + std::to_string(i));
  cloud_.fail_always("scm.list", Fault::unauthorized);
  launch(make_config(names));
  while (cloud_.clock.now() < kTestNow + 50min) {
    work();
    cloud_.clock.advance(1min);
  }
  EXPECT_EQ(cloud_.count_all(), 2U);
  for (int day = 0; day < 30; ++day) {
    work();
    launch(make_config(names));
    work();
    cloud_.clock.advance(24h);
  }
  EXPECT_EQ(cloud_.count_all(), 4U);
  EXPECT_THAT(log_.text(), HasSubstr("the cloud locks a key after five"));
}

TEST_F(WholeLifecycleTest, HealsWhenTheFaultEnds) {
  cloud_.put({.id = "scs1", .names = {"www.example.com"}});
  launch(make_config({"www"}));
  for (const Fault fault :
       {Fault::lost_answer, Fault::server_error, Fault::garbage, Fault::wrong_key}) {
    cloud_.fail_next("scm.export", fault);
    work();
    EXPECT_EQ(store_.current_version("www"), 0U);
    cloud_.clock.set(lifecycle_->next_wake() + 4s);
  }
  work();
  EXPECT_EQ(store_.current_version("www"), 1U);
}

// What it says of a full disk is the same at each attempt.
TEST_F(LifecycleTest, AStateThatCannotBeWrittenDownIsSaidOnce) {
  const auto complaints = [this] {
    const auto lines = log_.lines();
    return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("write down its state") != std::string::npos;
    });
  };
  fail_with_error(Error(ErrorKind::transient, "the cloud is away"));
  store_->fail_writes(Error(ErrorKind::transient, "No space left on device"));
  launch(make_config({"www"}));
  for (int attempt = 0; attempt < 3; ++attempt) {
    ASSERT_EQ(work(), 1U);
    sleep();
  }
  EXPECT_EQ(complaints(), 1);
  store_->fail_writes(std::nullopt);
  ASSERT_EQ(work(), 1U);
  EXPECT_EQ(log_.lines().back(), "certificate \"www\": its state is written down again");
  sleep();
  store_->fail_writes(Error(ErrorKind::transient, "No space left on device"));
  ASSERT_EQ(work(), 1U);
  EXPECT_EQ(complaints(), 2);
}

}  // namespace
}  // namespace ccm::lifecycle
