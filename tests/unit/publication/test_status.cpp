// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "publication/layout.h"
#include "publication/status.h"
#include "publication_fixture.h"

namespace ccm::publication {
namespace {

CertificateStatus full_certificate() {
  CertificateStatus status;
  status.state = CertificateStatus::State::failing;
  status.version = 1ULL << 40U;
  status.versions = 3;
  status.serial = std::string(200, 'A');
  status.origin = std::string(200, 'b');
  status.error_kind = std::string(200, 'c');
  status.shown_serial = std::string(200, 'D');
  status.error = std::string(2000, 'e');
  status.order_step = std::string(200, 'f');
  status.order_since = Time(Seconds(1'800'000'000));
  status.staged = 1ULL << 41U;
  status.activates_at = Time(Seconds(1'800'000'001));
  status.not_after = Time(Seconds(1'900'000'000));
  status.attempts = 7;
  for (auto& event : status.events) {
    event = {.type = EventType::lead_taken, .at = Time(Seconds(1'800'000'002))};
  }
  status.generation = 9;
  status.is_placeholder = true;
  return status;
}

TEST(Status, TheLargestCertificateFitsAndComesBack) {
  const std::string bytes = encode(full_certificate());
  EXPECT_LE(bytes.size(), kNoteSize);
  const auto status = decode_certificate(bytes);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->version, 1ULL << 40U);
  EXPECT_EQ(status->state, CertificateStatus::State::failing);
  EXPECT_EQ(status->not_after, Time(Seconds(1'900'000'000)));
  EXPECT_EQ(status->attempts, 7U);
  EXPECT_EQ(status->generation, 9U);
  EXPECT_TRUE(status->is_placeholder);
  EXPECT_FALSE(status->is_damaged);
  EXPECT_TRUE(status->error.starts_with("eeee"));
  EXPECT_TRUE(status->order_step.starts_with("ffff"));
  EXPECT_EQ(status->order_since, Time(Seconds(1'800'000'000)));
  EXPECT_EQ(status->staged, 1ULL << 41U);
  EXPECT_EQ(status->events[2].type, EventType::lead_taken);
  EXPECT_EQ(status->events[2].at, Time(Seconds(1'800'000'002)));
  EXPECT_EQ(status->activates_at, Time(Seconds(1'800'000'001)));
}

TEST(Status, AgentAndCallsComeBack) {
  const AgentStatus agent{.pid = 12,
                          .version = "1.2.3",
                          .since = Time(Seconds(5)),
                          .leads = true,
                          .account = "0a1b",
                          .identity = Identity::refused,
                          .fleet = {.name = "web",
                                    .host = "one",
                                    .is_connected = true,
                                    .since = Time(Seconds(6)),
                                    .leader = "two",
                                    .leads = true,
                                    .problem = std::string(2000, 'p')},
                          .flaws = AgentFlaws(~0U)};
  const auto same = decode_agent(encode(agent));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->pid, 12U);
  EXPECT_TRUE(same->leads);
  EXPECT_EQ(same->identity, Identity::refused);
  EXPECT_EQ(same->account, "0a1b");
  EXPECT_EQ(same->fleet.name, "web");
  EXPECT_EQ(same->fleet.host, "one");
  EXPECT_TRUE(same->fleet.is_connected);
  EXPECT_EQ(same->fleet.since, Time(Seconds(6)));
  EXPECT_EQ(same->fleet.leader, "two");
  EXPECT_TRUE(same->fleet.leads);
  EXPECT_TRUE(same->fleet.problem.starts_with("ppp"));
  for (const AgentFlaw flaw : kAgentFlaws) EXPECT_TRUE(same->flaws.has(flaw));
  EXPECT_LE(encode(agent).size(), kNoteSize);

  CallStatus call{.operation = "scm.ListCertificates"};
  call.add(CallStatus::ok, std::chrono::milliseconds(50));
  call.add(CallStatus::unanswered, std::chrono::milliseconds(20'000));
  const auto counted = decode_call(encode(call));
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->outcomes[CallStatus::ok], 1U);
  EXPECT_EQ(counted->durations.front(), 1U);
  EXPECT_EQ(counted->durations.back(), 1U);
  EXPECT_EQ(counted->milliseconds, 20'050U);
}

TEST(Status, TheHostsOfTheFleetComeBackInNotesOfTheirOwn) {
  FleetHostsStatus status{.flaw_count = 9};
  status.flaws.assign(9, std::string(2000, 'f'));
  status.overview = {.at = Time(Seconds(7)), .hosts = 20, .silent = 3, .behind = 2};
  for (int i = 0; i < 20; ++i) {
    status.overview.shown.push_back({.name = std::string(200, 'h') + std::to_string(i),
                                     .agent = std::string(200, 'v'),
                                     .clock_ahead = Seconds(-i),
                                     .behind = 5,
                                     .behind_on = {5, std::string(200, 'c')}});
  }
  const FleetNotes notes = encode(status);
  for (const std::string& note : notes) EXPECT_LE(note.size(), kNoteSize);
  const auto same = decode_fleet(notes);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->flaw_count, 9U);
  EXPECT_EQ(same->flaws.size(), FleetHostsStatus::kMostFlaws);
  EXPECT_EQ(same->overview.hosts, 20U);
  EXPECT_EQ(same->overview.silent, 3U);
  ASSERT_EQ(same->overview.shown.size(), FleetOverview::kMostShown);
  EXPECT_EQ(same->overview.shown.back().clock_ahead, Seconds(-14));
  EXPECT_EQ(same->overview.shown.back().behind_on.size(), FleetOverview::kMostBehindOn);
  EXPECT_FALSE(decode_fleet({}));
  // An agent of another release has written some of them.
  FleetNotes mixed = notes;
  mixed[2] = "other";
  EXPECT_EQ(decode_fleet(mixed)->overview.shown.size(), 3U);
}

TEST(Status, WhatIsCutShortOrOfAnotherKindIsNone) {
  const std::string bytes = encode(full_certificate());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_certificate(std::string_view(bytes).substr(0, size)));
  }
  EXPECT_FALSE(decode_certificate(bytes + "x"));
  EXPECT_FALSE(decode_agent(bytes));
  EXPECT_FALSE(decode_call(bytes));
}

TEST(Notes, AreWrittenOnceAndSurviveTheirWriter) {
  auto writer = std::make_optional(make_writer({"a", "b"}));
  const Reader reader = make_reader(*writer);
  EXPECT_EQ(reader.note(kAgentNote), "");
  EXPECT_TRUE(*writer->write_note(kAgentNote, "first"));
  EXPECT_FALSE(*writer->write_note(kAgentNote, "first"));
  EXPECT_TRUE(*writer->write_note("b", "of b"));
  EXPECT_EQ(reader.note(kAgentNote), "first");
  EXPECT_EQ(reader.note(kFirstCertificateNote + 1), "of b");
  EXPECT_EQ(reader.note(kFirstCertificateNote), "");
  EXPECT_EQ(reader.note(kFirstCertificateNote + 2), "") << "there is no such note";
  EXPECT_FALSE(writer->write_note("c", "of nobody"));
  EXPECT_FALSE(writer->write_note(kAgentNote, std::string(kNoteSize + 1, 'x')));
  const FileDescriptor segment = duplicate(writer->descriptor());
  writer.reset();
  EXPECT_EQ(reader.note(kAgentNote), "first");
}

TEST(Notes, AReaderNeverSeesHalfOfOne) {
  Writer writer = make_writer({"a"});
  const Reader reader = make_reader(writer);
  ASSERT_TRUE(writer.write_note(kAgentNote, std::string(900, 'a')));
  std::thread other([&] {
    for (int i = 0; i < 20'000; ++i) {
      ASSERT_TRUE(writer.write_note(kAgentNote, std::string(900, static_cast<char>('a' + i % 7))));
    }
  });
  for (int i = 0; i < 20'000; ++i) {
    const std::string note = reader.note(kAgentNote);
    if (note.empty()) continue;
    EXPECT_EQ(note, std::string(900, note[0]));
  }
  other.join();
}

TEST(Writer, TellsWhatIsShown) {
  Writer writer = make_writer({"a"});
  EXPECT_FALSE(writer.shown("a"));
  const Published value = make_published("a.example");
  ASSERT_TRUE(writer.publish("a", value));
  const auto shown = writer.shown("a");
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->serial, value.bundle.leaf().serial());
  EXPECT_EQ(shown->not_after, value.bundle.leaf().not_after());
  EXPECT_EQ(shown->staple_end, Time{});
  EXPECT_EQ(shown->generation, 1U);
}

}  // namespace
}  // namespace ccm::publication
