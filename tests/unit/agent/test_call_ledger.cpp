// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/cloud/call_ledger.h"
#include "publication/layout.h"
#include "support/fake_clock.h"

namespace ccm::agent {
namespace {

using publication::CallStatus;
using publication::Identity;

// Takes three seconds for each call.
class SlowClient final : public cloud::HttpClient {
 public:
  SlowClient(test::FakeClock& clock, int status) : clock_(clock), status_(status) {}
  Result<cloud::HttpResponse> send(const cloud::HttpRequest&) override {
    clock_.advance(Seconds(3));
    if (status_ == 0) return fail(ErrorKind::transient, "nobody there");
    return cloud::HttpResponse{.status = status_, .headers = {}, .body = {}};
  }

 private:
  test::FakeClock& clock_;
  int status_;
};

TEST(CallLedger, CountsByOperationAndOutcome) {
  test::FakeClock clock;
  CallLedger ledger;
  const std::pair<int, CallStatus::Outcome> cases[] = {
      {200, CallStatus::ok},      {204, CallStatus::ok},      {429, CallStatus::throttled},
      {401, CallStatus::denied},  {404, CallStatus::refused}, {503, CallStatus::failed},
      {0, CallStatus::unanswered}};
  for (const auto& [status, outcome] : cases) {
    const auto client =
        make_counting_client(std::make_unique<SlowClient>(clock, status), clock, ledger);
    const std::uint64_t before = ledger.revision();
    cloud::HttpRequest request;
    request.operation = "scm.X";
    static_cast<void>(client->send(request));
    EXPECT_NE(ledger.revision(), before);
    EXPECT_GE(ledger.state().calls.at(0).outcomes.at(outcome), 1U);
  }
  const CallLedger::State state = ledger.state();
  ASSERT_EQ(state.calls.size(), 1U);
  EXPECT_EQ(state.calls[0].outcomes[CallStatus::ok], 2U);
  EXPECT_EQ(state.calls[0].milliseconds, 7U * 3000);
  EXPECT_EQ(state.missed, clock.now());
  EXPECT_EQ(state.seen, clock.now() - Seconds(3));
}

TEST(CallLedger, AResponderSaysNothingOfTheCloud) {
  CallLedger ledger;
  ledger.note("ocsp", CallStatus::ok, std::chrono::milliseconds(1), Time(Seconds(9)));
  EXPECT_EQ(ledger.state().seen, Time{});
}

TEST(CallLedger, ManyOperationsShareTheLastRow) {
  CallLedger ledger;
  for (int i = 0; i < 100; ++i) {
    ledger.note("op" + std::to_string(i), CallStatus::ok, std::chrono::milliseconds(1), {});
  }
  const auto calls = ledger.state().calls;
  EXPECT_EQ(calls.size(), publication::kCallNotes);
  EXPECT_EQ(calls.back().operation, "other");
  EXPECT_EQ(calls.back().outcomes[CallStatus::ok], 100U - publication::kCallNotes + 1);
}

TEST(CallLedger, GoesOnFromWhatAnEarlierAgentCounted) {
  CallLedger ledger;
  CallStatus before{.operation = "scm.X"};
  before.add(CallStatus::ok, std::chrono::milliseconds(5));
  ledger.resume({.calls = {before},
                 .identity = Identity::accepted,
                 .seen = Time(Seconds(7)),
                 .missed = Time(Seconds(8))});
  EXPECT_EQ(ledger.state().seen, Time(Seconds(7)));
  EXPECT_EQ(ledger.state().missed, Time(Seconds(8)));
  EXPECT_EQ(ledger.state().identity, Identity::unknown) << "of other credentials, perhaps";
  ledger.note("scm.X", CallStatus::ok, std::chrono::milliseconds(5), {});
  EXPECT_EQ(ledger.state().calls.at(0).outcomes[CallStatus::ok], 2U);
}

TEST(CallLedger, KnowsWhatWasSaidOfTheCredentials) {
  CallLedger ledger;
  EXPECT_EQ(ledger.state().identity, Identity::unknown);
  ledger.note_identity(Identity::accepted);
  const std::uint64_t revision = ledger.revision();
  ledger.note_identity(Identity::accepted);
  EXPECT_EQ(ledger.revision(), revision);
  ledger.note_identity(Identity::refused);
  EXPECT_EQ(ledger.state().identity, Identity::refused);
}

}  // namespace
}  // namespace ccm::agent
