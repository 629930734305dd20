// SPDX-License-Identifier: Apache-2.0
// What the agent tells of itself and of its certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "agent/publishing/status_board.h"
#include "base/text.h"
#include "config/input/settings.h"
#include "lifecycle/schedule/hold.h"
#include "lifecycle/schedule/state.h"
#include "publication/layout.h"
#include "publication/reader.h"
#include "store/staging.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"

namespace ccm::agent {
namespace {

using namespace std::chrono_literals;
using publication::AgentStatus;
using publication::CertificateStatus;
using publication::HookCounts;
using test::kTestDay;
using test::kTestNow;

class StatusBoardTest : public testing::Test {
 protected:
  StatusBoardTest() { configure({"www"}); }

  void configure(const std::vector<std::string>& names, std::string_view store = "file") {
    config::Settings settings;
    std::vector<std::string> words;
    for (const std::string_view word : split(store, ' ')) words.emplace_back(word);
    EXPECT_TRUE(settings.set("store", std::move(words), {}));
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("activate", {"Wed 02:00-05:00 UTC"}, {}));
    for (const std::string& name : names) {
      EXPECT_TRUE(settings.add_certificate(name, {}));
      EXPECT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
      EXPECT_TRUE(settings.set_in(name, "names", {"www.example.com"}, {}));
    }
    config_ = settings.finalize().value();
    writer_ = publication::Writer::create(names).value();
  }
  StatusBoard& board() {
    if (!board_) {
      board_ = std::make_unique<StatusBoard>(
          StatusBoard::Parts{.config = *config_,
                             .store = store_,
                             .writer = *writer_,
                             .ledger = ledger_,
                             .clock = clock_,
                             .log = log_,
                             .account = "account",
                             .has_access = true,
                             .flaws = [this] { return flaws_; },
                             .hooks = [this] { return hooks_; },
                             .fleet = [this] { return note_; },
                             .fleet_overview = [this] { return overview_; }});
    }
    return *board_;
  }
  void look(bool leads = true) {
    clock_.advance(StatusBoard::kBetweenLooks);
    board().look(leads, clock_.now() + 60s);
  }
  AgentStatus agent() const {
    return publication::decode_agent(writer_->read_note(publication::kAgentNote)).value();
  }
  std::optional<publication::FleetHostsStatus> fleet_hosts() const {
    publication::FleetNotes notes;
    for (std::uint32_t i = 0; i < publication::kFleetNotes; ++i) {
      notes[i] = writer_->read_note(publication::kFirstFleetNote + i);
    }
    return publication::decode_fleet(notes);
  }
  std::optional<CertificateStatus> certificate(std::uint32_t slot = 0) const {
    return publication::decode_certificate(
        writer_->read_note(publication::kFirstCertificateNote + slot));
  }
  store::VersionNumber install(bool waits = false) {
    const crypto::Bundle bundle = test::make_test_bundle();
    return store_
        .install(*lease_, test::let_in("www", bundle),
                 {.bundle = bundle,
                  .origin = "scm:scs1",
                  .expected = store_.current_version("www"),
                  .keep = 3,
                  .now = clock_.now(),
                  .waits = waits})
        .value()
        .number;
  }
  void write_state(const lifecycle::State& state) {
    const std::string text = serialize(
        lifecycle::PersistedState{.state = state, .spec_fingerprint = "f", .launch_id = "l"});
    const auto before = store_.read_record("www", "state").value();
    ASSERT_TRUE(store_.write_record(*lease_, "www", "state",
                                    Secret::copy_of(std::string_view(text)),
                                    before ? before->version : 0));
  }

  test::FakeClock clock_{kTestNow};
  test::MemoryStore store_;
  test::MemoryLog log_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  CallLedger ledger_;
  AgentFlaws flaws_;
  HookCounts hooks_;
  std::optional<store::FleetNote> note_;
  std::optional<FleetOverview> overview_;
  std::optional<config::Config> config_;
  std::optional<publication::Writer> writer_;
  std::unique_ptr<StatusBoard> board_;
};

TEST_F(StatusBoardTest, TellsOfTheAgent) {
  board();
  ledger_.note("scm.ListCertificates", publication::CallStatus::ok, 10ms, clock_.now());
  ledger_.note_identity(publication::Identity::accepted);
  look();
  const AgentStatus status = agent();
  EXPECT_EQ(status.pid, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(status.since, kTestNow);
  EXPECT_EQ(status.account, "account");
  EXPECT_TRUE(status.leads);
  EXPECT_EQ(status.identity, publication::Identity::accepted);
  EXPECT_EQ(status.cloud_seen, kTestNow);
  EXPECT_EQ(status.next_wake, clock_.now() + 60s);
  EXPECT_FALSE(status.flaws.any());
  flaws_.set(AgentFlaw::moved_state, true);
  look(false);
  EXPECT_FALSE(agent().leads);
  EXPECT_EQ(agent().flaws, flaws_);
  const auto call = publication::decode_call(writer_->read_note(publication::kFirstCallNote));
  ASSERT_TRUE(call);
  EXPECT_EQ(call->outcomes[publication::CallStatus::ok], 1U);
}

TEST_F(StatusBoardTest, TellsHowThisHostStandsWithItsFleet) {
  look();
  EXPECT_EQ(agent().fleet.name, "") << "it is in none";
  EXPECT_FALSE(fleet_hosts());
  board_.reset();
  configure({"www"}, "etcd https://127.0.0.1:2379 fleet=web key=/k");
  look();
  EXPECT_EQ(agent().fleet.name, "web");
  EXPECT_FALSE(agent().fleet.is_connected) << "nobody has said so";
  note_ = {.fleet = "web",
           .host = "one",
           .is_connected = true,
           .since = kTestNow,
           .leader = "two",
           .is_leader = true};
  look();
  EXPECT_TRUE(agent().fleet.is_connected);
  EXPECT_EQ(agent().fleet.since, kTestNow);
  EXPECT_EQ(agent().fleet.leader, "two");
  EXPECT_TRUE(agent().fleet.leads);
  EXPECT_EQ(fleet_hosts()->overview.at, Time{}) << "it has heard of none";
  note_->flaws = {"its clock is wrong"};
  overview_ = FleetOverview{.at = kTestNow, .hosts = 1, .shown = {{.name = "two"}}};
  look();
  EXPECT_EQ(fleet_hosts()->flaws, note_->flaws);
  EXPECT_EQ(fleet_hosts()->overview.shown.at(0).name, "two");
  // Of the fleet before.
  note_->fleet = "other";
  look();
  EXPECT_FALSE(agent().fleet.is_connected);
  EXPECT_EQ(agent().fleet.name, "web");
  EXPECT_EQ(fleet_hosts()->overview.at, Time{});
}

TEST_F(StatusBoardTest, CountsHooksAcrossAgents) {
  hooks_.outcomes[HookCounts::timed_out] = 2;
  look();
  EXPECT_EQ(agent().hooks.outcomes[HookCounts::timed_out], 2U);
  board_.reset();
  hooks_ = {};
  hooks_.outcomes[HookCounts::succeeded] = 1;
  look();
  EXPECT_EQ(agent().hooks.outcomes[HookCounts::timed_out], 2U);
  EXPECT_EQ(agent().hooks.outcomes[HookCounts::succeeded], 1U);
}

TEST_F(StatusBoardTest, TellsOfWhatIsStoredAndShown) {
  look();
  ASSERT_TRUE(certificate());
  EXPECT_EQ(certificate()->version, 0U);
  EXPECT_EQ(certificate()->generation, 0U);
  install();
  const auto stored = store_.load("www").value().certificate;
  ASSERT_TRUE(writer_->publish("www", {.bundle = stored->bundle, .ocsp_response = {}}));
  write_state(lifecycle::Valid{.renew_at = kTestNow + 60 * kTestDay, .check_at = kTestNow + 12h});
  look();
  const CertificateStatus status = *certificate();
  EXPECT_EQ(status.version, 1U);
  EXPECT_EQ(status.versions, 1U);
  EXPECT_EQ(status.serial, stored->info.serial);
  EXPECT_EQ(status.origin, "scm:scs1");
  EXPECT_EQ(status.not_after, stored->info.not_after);
  EXPECT_EQ(status.state, CertificateStatus::State::valid);
  EXPECT_EQ(status.renew_at, kTestNow + 60 * kTestDay);
  EXPECT_EQ(status.next_at, kTestNow + 12h);
  EXPECT_EQ(status.shown_serial, stored->info.serial);
  EXPECT_FALSE(status.is_placeholder);
  EXPECT_NE(status.generation, 0U);
  EXPECT_EQ(status.staged, 0U);
}

TEST_F(StatusBoardTest, TellsOfWhatFails) {
  install();
  write_state(lifecycle::Failing{.attempts = 4,
                                 .retry_at = kTestNow + 1h,
                                 .error = Error(ErrorKind::throttled, "too many calls")});
  look();
  EXPECT_EQ(certificate()->state, CertificateStatus::State::failing);
  EXPECT_EQ(certificate()->attempts, 4U);
  EXPECT_EQ(certificate()->error, "too many calls");
  EXPECT_EQ(certificate()->error_kind, "throttled");
  store_.damage("www", 1);
  write_state(lifecycle::Absent{});
  look();
  EXPECT_TRUE(certificate()->is_damaged);
}

TEST_F(StatusBoardTest, TellsOfDamageThatIsNoChangeOfTheStore) {
  install();
  install();
  look();
  const CertificateStatus before = *certificate();
  EXPECT_FALSE(before.is_damaged);
  store_.damage("www", 2);
  board().notice({"www", "none"});
  EXPECT_FALSE(board().is_at_rest());
  look();
  EXPECT_TRUE(certificate()->is_damaged);
  EXPECT_THAT(certificate()->error, testing::HasSubstr("was altered"));
  EXPECT_EQ(certificate()->version, 2U) << "not the older one that is intact";
  EXPECT_EQ(certificate()->serial, "") << "not the older one's";
}

TEST_F(StatusBoardTest, TellsOfTheLastEvents) {
  const auto happens = [this](EventType type, const std::string& name, Seconds after) {
    ASSERT_TRUE(store_.append_event({.type = type, .at = kTestNow + after, .certificate = name}));
  };
  look();
  EXPECT_EQ(certificate()->events[0].at, Time{});
  happens(EventType::obtained, "www", 1s);
  happens(EventType::failing, "other", 2s);
  happens(EventType::installed, "www", 3s);
  look();
  EXPECT_EQ(certificate()->events[0].type, EventType::installed);
  EXPECT_EQ(certificate()->events[0].at, kTestNow + 3s);
  EXPECT_EQ(certificate()->events[1].type, EventType::obtained);
  EXPECT_EQ(certificate()->events[2].at, Time{});
  for (int more = 4; more < 8; ++more) happens(EventType::served, "www", Seconds(more));
  look();
  EXPECT_EQ(certificate()->events[2].at, kTestNow + 5s);
}

// The status calls it waiting by its kind (server/status/status_report.cpp).
TEST_F(StatusBoardTest, TellsWhyTheCloudIsWaitedFor) {
  install();
  write_state(lifecycle::Waiting{.attempts = 2,
                                 .retry_at = kTestNow + 1h,
                                 .reason = Error(ErrorKind::pending, "the proof is not seen yet")});
  look();
  EXPECT_EQ(certificate()->next_at, kTestNow + 1h);
  EXPECT_EQ(certificate()->attempts, 2U);
  EXPECT_EQ(certificate()->error_kind, "pending");
  EXPECT_EQ(certificate()->error, "the proof is not seen yet");
}

TEST_F(StatusBoardTest, TellsOfWhatWaitsAndOfWhatIsHeld) {
  install();
  const auto version = install(true);
  ASSERT_TRUE(store::stage(store_, *lease_, "www", version));
  look();
  EXPECT_EQ(certificate()->staged, version);
  EXPECT_EQ(certificate()->version, 1U);
  // 2026-01-31 is a Saturday.
  EXPECT_EQ(certificate()->activates_at, kTestNow + 4 * kTestDay + 2h);
  ASSERT_TRUE(lifecycle::hold(store_, *lease_, "www", 1));
  look();
  EXPECT_EQ(certificate()->held, 1U);
  EXPECT_EQ(certificate()->staged, 0U);
}

TEST_F(StatusBoardTest, LooksAtAllAfterTheStartAndThenOnlyAtWhatChanges) {
  std::vector<std::string> names;
  constexpr std::size_t kCount = StatusBoard::kMostAtOnce + 100;
  for (std::size_t i = 0; i < kCount; ++i) names.push_back("c" + std::to_string(10000 + i));
  configure(names);
  look();
  EXPECT_TRUE(board().has_more());
  EXPECT_TRUE(certificate(0));
  EXPECT_FALSE(certificate(StatusBoard::kMostAtOnce));
  board().look(true, clock_.now() + 60s);
  EXPECT_FALSE(board().has_more()) << "the rest at once, without waiting for the next look";
  EXPECT_TRUE(board().is_at_rest());
  EXPECT_TRUE(certificate(kCount - 1));
  const auto reads = store_.reads();
  look();
  EXPECT_EQ(store_.reads(), reads);
}

}  // namespace
}  // namespace ccm::agent
