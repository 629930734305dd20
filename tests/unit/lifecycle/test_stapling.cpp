// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/input/settings.h"
#include "lifecycle/stapling.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/scripted_http.h"
#include "support/test_bundle.h"
#include "support/test_ocsp.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using ccm::test::kTestDay;
using ccm::test::kTestNow;
using ccm::test::make_test_response;
using ccm::test::TestResponseOptions;
using ccm::test::text_of;
using crypto::OcspStatus;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kResponder = "http://ocsp.example.com/one";

class StaplingTest : public ::testing::Test {
 protected:
  void SetUp() override { launch(); }
  void launch(const std::string& stapling = "on") {
    config::Settings settings;
    ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
    ASSERT_TRUE(settings.add_certificate("www", {}));
    ASSERT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
    ASSERT_TRUE(settings.set_in("www", "stapling", {stapling}, {}));
    stapling_.reset();
    config_ = std::make_unique<config::Config>(settings.finalize().value());
    stapling_ = std::make_unique<Stapling>(
        Stapling::Parts{.config = *config_,
                        .store = store_,
                        .http = http_,
                        .clock = clock_,
                        .log = log_,
                        .on_revoked = [this](const std::string& name) { told_.push_back(name); }});
  }
  void install(ccm::test::TestCertificateOptions options = {.ocsp_url = kResponder}) {
    bundle_ = ccm::test::make_test_bundle("www.example.com", std::move(options));
    install_bundle();
  }
  void install_bundle() {
    ASSERT_TRUE(store_.install(*lease_, test::let_in("www", *bundle_),
                               {.bundle = *bundle_,
                                .origin = "import",
                                .expected = store_.current_version("www"),
                                .keep = 3,
                                .now = clock_.now()}));
    stapling_->notice("www");
  }
  std::vector<std::byte> response(const TestResponseOptions& options = {}) const {
    return make_test_response(bundle_->leaf(), ccm::test::test_issuing_authority(), options);
  }
  // From here on the responder answers this.
  void answer(const std::vector<std::byte>& der) {
    http_.forget_routes();
    http_.on("POST", kResponder).answer(200, text_of(der));
  }
  // What the agent's loop does once; the number of questions that were asked.
  std::size_t turn() {
    const std::size_t before = http_.requests().size();
    for (const std::string& name : stapling_->take_due(clock_.now(), 4)) {
      stapling_->attempt(name, *lease_);
    }
    return http_.requests().size() - before;
  }
  // Sleeps until the next thing is due, and does it.
  std::size_t next_turn() {
    EXPECT_GT(stapling_->next_wake(), clock_.now());
    clock_.set(stapling_->next_wake());
    return turn();
  }
  std::vector<std::byte> kept() const {
    return store_.load("www").value().certificate.value().ocsp_response;
  }

  ccm::test::FakeClock clock_{kTestNow};
  ccm::test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  ccm::test::ScriptedHttp http_;
  ccm::test::MemoryLog log_;
  std::vector<std::string> told_;
  std::optional<crypto::Bundle> bundle_;
  std::unique_ptr<config::Config> config_;
  std::unique_ptr<Stapling> stapling_;
};

TEST_F(StaplingTest, HasNothingToDoBeforeThereIsACertificate) {
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(stapling_->next_wake(), Time::max());
}

TEST_F(StaplingTest, AsksAtOnceAndKeepsWhatIsGood) {
  install();
  const std::vector<std::byte> good = response();
  answer(good);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(kept(), good);
  const cloud::HttpRequest request = http_.requests().front();
  EXPECT_EQ(request.url, kResponder);
  EXPECT_EQ(ccm::test::header_of(request, "Content-Type"), "application/ocsp-request");
  EXPECT_TRUE(
      ccm::test::is_test_request_about(request.body, bundle_->leaf(), bundle_->chain().at(1)));
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(log_.count(Severity::warn), 0U);
}

TEST_F(StaplingTest, AsksAgainHalfWayAtTheLatest) {
  install();
  answer(response({.this_update = kTestNow, .next_update = kTestNow + 10h}));
  turn();
  EXPECT_LE(stapling_->next_wake(), kTestNow + 5h);
  EXPECT_GE(stapling_->next_wake(), kTestNow + 4h);
  const auto newer = response({.this_update = kTestNow + 4h, .next_update = kTestNow + 14h});
  answer(newer);
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_EQ(kept(), newer);
  EXPECT_GT(stapling_->next_wake(), kTestNow + 8h);
}

TEST_F(StaplingTest, AsksWithinADayHoweverLongTheAnswerHolds) {
  install();
  answer(response({.this_update = kTestNow, .next_update = kTestNow + 3650 * kTestDay}));
  turn();
  EXPECT_LE(stapling_->next_wake(), kTestNow + kTestDay);
}

TEST_F(StaplingTest, AnAnswerOfLongAgoIsKeptAndAskedForLessAndLessPatiently) {
  install();
  const auto old = response({.this_update = kTestNow - 9h, .next_update = kTestNow + 1h});
  answer(old);
  turn();
  EXPECT_EQ(kept(), old);
  EXPECT_LE(stapling_->next_wake(), kTestNow + 30min);
  EXPECT_GT(stapling_->next_wake(), kTestNow + 20min);
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_LE(stapling_->next_wake(), kTestNow + 50min);
}

TEST_F(StaplingTest, ACacheThatIsBehindDoesNotTakeBackWhatIsKept) {
  install();
  const auto newer = response({.this_update = kTestNow - 1min, .next_update = kTestNow + 10h});
  answer(newer);
  turn();
  answer(response({.this_update = kTestNow - 1h, .next_update = kTestNow + 9h}));
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_EQ(kept(), newer);
}

TEST_F(StaplingTest, ANewVersionIsAskedAboutAtOnce) {
  install();
  answer(response());
  turn();
  install();
  const auto good = response();
  answer(good);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(kept(), good);
}

TEST_F(StaplingTest, ARestartAsksNobodyWhatIsKnown) {
  install();
  answer(response({.this_update = kTestNow, .next_update = kTestNow + 10h}));
  turn();
  const Time planned = stapling_->next_wake();
  clock_.advance(1h);
  launch();
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(stapling_->next_wake(), planned);
}

TEST_F(StaplingTest, AFailureLeavesWhatIsGoodAndIsTriedAgainWithBackOff) {
  install();
  const auto good = response({.this_update = kTestNow, .next_update = kTestNow + 10h});
  answer(good);
  turn();
  http_.forget_routes();
  http_.on("POST", kResponder).unreachable();
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_EQ(kept(), good);
  EXPECT_LE(stapling_->next_wake(), clock_.now() + 5s);
  EXPECT_THAT(log_.text(), AllOf(HasSubstr("[warn]"), HasSubstr("connection refused"),
                                 HasSubstr("stapled until 2026-01-31T10:00:00Z")));
  for (int i = 0; i < 12; ++i) next_turn();
  EXPECT_GE(stapling_->next_wake(), clock_.now() + 45min);
  EXPECT_LE(stapling_->next_wake(), clock_.now() + 1h);
  EXPECT_EQ(log_.count(Severity::warn), 1U);
  // The response has expired by now, so it is not stapled.
  for (int i = 0; i < 25; ++i) next_turn();
  EXPECT_THAT(log_.text(), HasSubstr("nothing is stapled"));
  answer(response({.this_update = clock_.now(), .next_update = clock_.now() + 10h}));
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_NE(kept(), good);
}

TEST_F(StaplingTest, NoWaitGoesBeyondTheEndOfTheLastAnswer) {
  install();
  const Time end = kTestNow + 20min;
  answer(response({.this_update = kTestNow - 1min, .next_update = end}));
  turn();
  http_.forget_routes();
  http_.on("POST", kResponder).answer(503, "busy", {{"Retry-After", "3600"}});
  while (clock_.now() < end - 5s) {
    ASSERT_LT(stapling_->next_wake(), end);
    EXPECT_EQ(next_turn(), 1U);
  }
}

TEST_F(StaplingTest, AsksOftenWhileClientsRefuseTheCertificate) {
  install({.ocsp_url = kResponder, .must_staple = true});
  http_.on("POST", kResponder).unreachable();
  turn();
  for (int i = 0; i < 20; ++i) {
    EXPECT_LE(stapling_->next_wake(), clock_.now() + 5min);
    next_turn();
  }
}

TEST_F(StaplingTest, AClockThatIsSetBringsAnotherLook) {
  install();
  answer(response({.this_update = kTestNow, .next_update = kTestNow + 10h}));
  turn();
  // As seen with a clock that is two days behind, its answers begin in the future.
  clock_.set(kTestNow - 2 * kTestDay);
  stapling_->look_again_at_all();
  turn();
  for (int i = 0; i < 12; ++i) next_turn();
  clock_.set(kTestNow + 1min);
  stapling_->look_again_at_all();
  EXPECT_EQ(turn(), 0U) << "what is kept is good";
  EXPECT_LE(stapling_->next_wake(), kTestNow + 5h);
  EXPECT_GT(stapling_->next_wake(), kTestNow + 4h);
  // And while it is in work.
  clock_.set(stapling_->next_wake());
  ASSERT_THAT(stapling_->take_due(clock_.now(), 1), ElementsAre("www"));
  stapling_->look_again_at_all();
  answer(response({.this_update = clock_.now(), .next_update = clock_.now() + 10h}));
  stapling_->attempt("www", *lease_);
  EXPECT_LE(stapling_->next_wake(), clock_.now());
}

TEST_F(StaplingTest, ABusyResponderIsLeftAloneAsLongAsItSays) {
  install();
  http_.on("POST", kResponder).answer(503, "busy", {{"Retry-After", "1200"}});
  turn();
  EXPECT_GE(stapling_->next_wake(), clock_.now() + 20min);
  EXPECT_THAT(log_.text(), HasSubstr("answered 503"));
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(StaplingTest, WhatIsNoAnswerIsNotKept) {
  install();
  const ccm::test::TestCertificate other =
      make_test_leaf(ccm::test::test_issuing_authority(), {.names = {"www.example.com"}});
  const std::vector<std::pair<std::vector<std::byte>, std::string>> answers{
      {response({.status = OcspStatus::unknown}), "does not know the certificate"},
      {response({.next_update = kTestNow - 1s}), "ended at"},
      {response({.signer = &other}), "signed neither"},
      {ccm::test::make_test_refusal(6), "unauthorized"},
      {std::vector<std::byte>(20, std::byte{60}), "is not one"}};
  for (const auto& [der, sentence] : answers) {
    launch();
    log_.clear();
    answer(der);
    EXPECT_EQ(turn(), 1U);
    EXPECT_THAT(kept(), IsEmpty()) << sentence;
    EXPECT_THAT(log_.text(), AllOf(HasSubstr(sentence), HasSubstr("nothing is stapled")));
  }
}

TEST_F(StaplingTest, ARevocationIsSaidOnceAndNotHiddenBehindAnOlderAnswer) {
  install();
  answer(response());
  turn();
  answer(response({.status = OcspStatus::revoked, .reason = 1}));
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_THAT(log_.text(), AllOf(HasSubstr("[error]"), HasSubstr("version 1 was revoked at 2026-"),
                                 HasSubstr("(keyCompromise)")));
  EXPECT_THAT(told_, ElementsAre("www"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next_turn(), 1U);
  EXPECT_EQ(log_.count(Severity::error), 1U);
  EXPECT_THAT(told_, ElementsAre("www"));
}

TEST_F(StaplingTest, AFullDiskIsAFailureLikeAnother) {
  install();
  answer(response());
  store_.fail_writes(Error(ErrorKind::transient, "No space left on device"));
  turn();
  EXPECT_THAT(log_.text(), HasSubstr("No space left on device"));
  store_.fail_writes(std::nullopt);
  EXPECT_EQ(next_turn(), 1U);
  EXPECT_THAT(kept(), Not(IsEmpty()));
}

TEST_F(StaplingTest, IsLoudWhenTheCertificateDemandsIt) {
  install({.ocsp_url = kResponder, .must_staple = true});
  http_.on("POST", kResponder).unreachable();
  turn();
  next_turn();
  EXPECT_EQ(log_.count(Severity::error), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("although the certificate demands it"));
}

TEST_F(StaplingTest, AsksNobodyWhenThereIsNobodyToAsk) {
  install({});
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(log_.text(), "");
  install({.ocsp_url = "https://ocsp.example.com"});
  EXPECT_EQ(turn(), 0U);
  install({.must_staple = true});
  EXPECT_EQ(turn(), 0U);
  EXPECT_THAT(log_.text(), AllOf(HasSubstr("[error]"), HasSubstr("names no OCSP responder")));
  EXPECT_EQ(stapling_->next_wake(), Time::max());
}

TEST_F(StaplingTest, AsksNobodyWhenTheAnswerCouldNotBeJudged) {
  const ccm::test::TestCertificate leaf = make_test_leaf(
      ccm::test::test_issuing_authority(), {.names = {"www.example.com"}, .ocsp_url = kResponder});
  bundle_ = crypto::Bundle::make({leaf.certificate}, leaf.key).value();
  install_bundle();
  EXPECT_EQ(turn(), 0U);
  EXPECT_THAT(log_.text(), AllOf(HasSubstr("[notice]"), HasSubstr("does not hold the issuer")));
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(log_.count(Severity::notice), 1U);
}

TEST_F(StaplingTest, AsksNobodyWhenItIsSwitchedOff) {
  install();
  launch("off");
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(stapling_->next_wake(), Time::max());
}

TEST_F(StaplingTest, HandsOutNoMoreThanIsWantedAndNothingTwice) {
  install();
  answer(response());
  EXPECT_THAT(stapling_->take_due(kTestNow, 0), IsEmpty());
  EXPECT_THAT(stapling_->take_due(kTestNow, 1), ElementsAre("www"));
  EXPECT_THAT(stapling_->take_due(kTestNow, 1), IsEmpty());
  EXPECT_EQ(stapling_->next_wake(), Time::max());
  stapling_->attempt("www", *lease_);
  EXPECT_LT(stapling_->next_wake(), Time::max());
}

TEST_F(StaplingTest, AWakeReadsNothingAndANewVersionIsSeenWhenSaid) {
  install();
  answer(response({.this_update = kTestNow, .next_update = kTestNow + 10h}));
  turn();
  const auto before = store_.reads();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(store_.reads(), before);
  stapling_->notice("www");
  stapling_->notice("nobody");
  EXPECT_EQ(turn(), 0U) << "it is the version that was looked at";
  install();
  EXPECT_EQ(stapling_->next_wake(), Time{});
  EXPECT_EQ(turn(), 1U);
}

TEST_F(StaplingTest, AVersionThatComesDuringALookIsLookedAtNext) {
  install();
  answer(response());
  ASSERT_THAT(stapling_->take_due(clock_.now(), 1), ElementsAre("www"));
  http_.forget_routes();
  http_.on("POST", kResponder)
      .respond([&](const cloud::HttpRequest&) -> Result<cloud::HttpResponse> {
        install();
        return fail(ErrorKind::transient, "timed out");
      });
  stapling_->attempt("www", *lease_);
  const std::vector<std::byte> good = response();
  answer(good);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(kept(), good);
}

// Ten certificates of a responder that hangs, and one of another, on two threads.
TEST(Stapling, AResponderThatHangsHoldsUpOnlyItsOwn) {
  config::Settings settings;
  ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
  std::vector<std::string> names{"zz"};
  for (int i = 0; i < 10; ++i) names.push_back("hung" + std::to_string(i));
  ccm::test::MemoryStore store;
  const std::unique_ptr<store::Lease> lease = store.try_lead().value();
  for (const std::string& name : names) {
    ASSERT_TRUE(settings.add_certificate(name, {}));
    ASSERT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in(name, "names", {"www.example.com"}, {}));
    const bool hangs = name != "zz";
    const auto bundle = ccm::test::make_test_bundle(
        "www.example.com", {.ocsp_url = hangs ? "http://hung.example/" : kResponder});
    ASSERT_TRUE(store.install(
        *lease, test::let_in(name, bundle),
        {.bundle = bundle, .origin = "import", .expected = 0, .keep = 3, .now = kTestNow}));
  }
  const config::Config config = settings.finalize().value();
  ccm::test::FakeClock clock{kTestNow};
  ccm::test::MemoryLog log;
  ccm::test::ScriptedHttp http;
  std::promise<void> end;
  std::promise<void> begun;
  http.on("POST", "hung").respond([&](const cloud::HttpRequest&) -> Result<cloud::HttpResponse> {
    begun.set_value();
    end.get_future().wait();
    return fail(ErrorKind::transient, "timed out");
  });
  http.on("POST", kResponder).unreachable();
  Stapling stapling({.config = config,
                     .store = store,
                     .http = http,
                     .clock = clock,
                     .log = log,
                     .on_revoked = [](const std::string&) {}});
  const auto first = stapling.take_due(kTestNow, 1);
  std::thread hung([&] { stapling.attempt(first.front(), *lease); });
  begun.get_future().wait();
  // The other thread does all that can be done.
  for (int rounds = 0; rounds < 30; ++rounds) {
    const auto next = stapling.take_due(kTestNow, 1);
    if (next.empty()) break;
    stapling.attempt(next.front(), *lease);
  }
  EXPECT_EQ(http.count(kResponder), 1U);
  EXPECT_EQ(http.count("hung"), 1U);
  EXPECT_GT(stapling.next_wake(), kTestNow) << "no loop that waits for the one that hangs";
  end.set_value();
  hung.join();
  EXPECT_LE(stapling.next_wake(), kTestNow) << "the next one's turn";
}

}  // namespace
}  // namespace ccm::lifecycle
