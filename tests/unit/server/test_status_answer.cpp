// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "config/input/settings.h"
#include "publication/layout.h"
#include "publication/writer.h"
#include "server/status/status_answer.h"

namespace ccm::server {
namespace {

using publication::AgentStatus;
using publication::CertificateStatus;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr Time kNow{Seconds(1'800'000'000)};
constexpr SteadyTime kSteady{Seconds(5'000)};

class StatusAnswerTest : public testing::Test {
 protected:
  void make(const std::vector<std::string>& names) {
    config::Settings settings;
    ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
    ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    for (const std::string& name : names) {
      ASSERT_TRUE(settings.add_certificate(name, {}));
      ASSERT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
      ASSERT_TRUE(settings.set_in(name, "names", {name + ".example.com"}, {}));
    }
    config_ = settings.finalize().value();
    writer_ = publication::Writer::create(names).value();
    reader_ = publication::Reader::open(writer_->open_read_only().value()).value();
  }

  // In order, as far as the test changes nothing.
  static CertificateStatus valid() {
    CertificateStatus status;
    status.state = CertificateStatus::State::valid;
    status.version = 3;
    status.serial = status.shown_serial = "ABC";
    status.not_before = kNow - Seconds(86'400 * 10);
    status.not_after = status.shown_until = kNow + Seconds(86'400 * 80);
    status.renew_at = status.next_at = kNow + Seconds(86'400 * 50);
    return status;
  }
  void tell(const std::string& name, const CertificateStatus& status) {
    ASSERT_TRUE(writer_->write_note(name, encode(status)));
  }
  void beat(Seconds ago) { writer_->beat(kSteady - ago); }

  StatusSources sources() {
    return {.config = &*config_, .reader = &*reader_, .rows = rows_, .server = server_};
  }
  StatusReport report() { return gather(sources(), kNow, kSteady); }
  StatusAnswer ask(std::string_view query, std::string_view accept = "*/*") {
    return answer_status({.method = "GET", .path = "/s", .query = query, .accept = accept},
                         sources(), kNow, kSteady);
  }
  std::string condition_of(const CertificateStatus& status) {
    tell("a", status);
    const StatusReport now = report();
    return std::string(to_string(now.certificates[0].level)) + " " +
           std::string(word_of(now.certificates[0].condition));
  }

  config::ServerKind server_ = config::ServerKind::nginx;
  std::optional<config::Config> config_;
  std::optional<publication::Writer> writer_;
  std::optional<publication::Reader> reader_;
  WorkerRows rows_;
};

// Nothing is published here, so what is in order otherwise is "not served".
TEST_F(StatusAnswerTest, JudgesACertificate) {
  make({"a"});
  EXPECT_EQ(report().certificates[0].condition, Condition::unknown);
  EXPECT_EQ(condition_of(valid()), "bad not served");
  CertificateStatus none;
  EXPECT_EQ(condition_of(none), "bad missing");
  none.error = "no";
  none.error_kind = "transient";
  EXPECT_EQ(condition_of(none), "bad failing");
  none.error_kind = "pending";
  EXPECT_EQ(condition_of(none), "warning waiting");
  CertificateStatus ended = valid();
  ended.not_after = kNow;
  EXPECT_EQ(condition_of(ended), "bad expired");
  CertificateStatus damaged = valid();
  damaged.is_damaged = true;
  EXPECT_EQ(condition_of(damaged), "warning damaged");
  damaged.not_after = kNow + Seconds(86'400);
  EXPECT_EQ(condition_of(damaged), "bad damaged");
}

TEST_F(StatusAnswerTest, AnAgentIsDeadAfterNineSeconds) {
  make({"a"});
  EXPECT_FALSE(report().agent_lives);
  EXPECT_FALSE(report().silence);
  beat(Seconds(9));
  EXPECT_TRUE(report().agent_lives);
  beat(Seconds(10));
  EXPECT_FALSE(report().agent_lives);
  EXPECT_EQ(report().silence, Seconds(10));
  EXPECT_THAT(ask("").body, HasSubstr("No agent has given a sign of life for 10s"));
  EXPECT_THAT(ask("format=prometheus").body, HasSubstr("\nccm_agent_up 0\n"));
}

TEST_F(StatusAnswerTest, TheWorstComesFirst) {
  make({"a", "b", "c"});
  CertificateStatus damaged = valid();
  damaged.is_damaged = true;
  tell("a", damaged);
  CertificateStatus ended = valid();
  ended.not_after = kNow - Seconds(1);
  tell("c", ended);
  const StatusReport now = report();
  EXPECT_EQ(now.certificates[0].spec->name, "c");
  EXPECT_EQ(now.certificates[1].spec->name, "a");
  EXPECT_EQ(now.certificates[2].condition, Condition::unknown);
}

TEST_F(StatusAnswerTest, WhatComesFromOutsideIsText) {
  make({"a"});
  CertificateStatus failing = valid();
  failing.state = CertificateStatus::State::failing;
  failing.is_damaged = true;
  failing.error = "<script>alert(\"x\")</script> & \x01\xff";
  tell("a", failing);
  EXPECT_THAT(ask("q=%3Cb%3E%22").body, HasSubstr("value=\"&lt;b&gt;&quot;\""));
  const std::string page = ask("").body;
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert"));
  EXPECT_THAT(ask("format=json").body,
              HasSubstr("<script>alert(\\\"x\\\")</script> & \\u0001\\ufffd"));
}

TEST_F(StatusAnswerTest, PagesAndFiltersTenThousand) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("n" + std::to_string(i));
  make(names);
  tell("n4711", valid());
  const std::string page = ask("").body;
  EXPECT_LT(page.size(), 100'000U);
  EXPECT_THAT(page, HasSubstr("page 1 of 200"));
  EXPECT_THAT(page, HasSubstr("10000 of 10000 certificates"));
  EXPECT_THAT(ask("q=N4711.Example&format=json").body, HasSubstr("\"matching\":1,"));
  EXPECT_THAT(ask("state=not%20served&format=json").body, HasSubstr("\"matching\":1,"));
  EXPECT_THAT(ask("state=good&format=json").body, HasSubstr("\"matching\":0,"));
  EXPECT_THAT(ask("page=999&per_page=1000").body, HasSubstr("page 10 of 10"));
}

TEST_F(StatusAnswerTest, AServerWithoutCertificatesSaysSo) {
  const StatusSources nothing{
      .config = nullptr, .reader = nullptr, .rows = rows_, .server = config::ServerKind::apache};
  const StatusAnswer answer = answer_status(
      {.method = "GET", .path = "/", .query = "", .accept = ""}, nothing, kNow, kSteady);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_THAT(answer.body, HasSubstr("This server has no certificate to look after."));
}

TEST_F(StatusAnswerTest, RefusedCredentialsAreAnAlarm) {
  make({"a"});
  beat(Seconds(1));
  ASSERT_TRUE(writer_->write_note(
      publication::kAgentNote,
      encode(AgentStatus{
          .pid = 7, .version = "1", .leads = true, .identity = publication::Identity::refused})));
  EXPECT_THAT(ask("").body, HasSubstr("The cloud refuses the credentials"));
  EXPECT_THAT(ask("format=prometheus").body,
              HasSubstr("ccm_agent_credentials{state=\"refused\"} 1\n"));
}

TEST_F(StatusAnswerTest, WhatIsWrongWithAnAgentThatGoesOnIsSaidNow) {
  server_ = config::ServerKind::none;  // nothing is published here
  make({"a"});
  tell("a", valid());
  beat(Seconds(1));
  AgentStatus agent{.pid = 7, .version = "1", .leads = true};
  const auto say = [&] {
    ASSERT_TRUE(writer_->write_note(publication::kAgentNote, encode(agent)));
  };
  say();
  EXPECT_EQ(report().level(), Health::good);
  EXPECT_THAT(ask("format=json").body, HasSubstr(R"("flaws":[],)"));
  agent.flaws.set(AgentFlaw::moved_state, true);
  say();
  EXPECT_EQ(report().level(), Health::warning);
  EXPECT_THAT(ask("").body, HasSubstr("The state directory is not in its place any more; "));
  EXPECT_THAT(ask("format=json").body,
              HasSubstr(R"("flaws":[{"kind":"moved_state","message":"the state directory)"));
  EXPECT_THAT(ask("format=prometheus").body,
              AllOf(HasSubstr("ccm_agent_flaw{flaw=\"unusable_files\"} 0\n"),
                    HasSubstr("ccm_agent_flaw{flaw=\"moved_state\"} 1\n"),
                    HasSubstr("ccm_agent_flaw{flaw=\"unwritable_state\"} 0\n")));
  agent.flaws = {};
  agent.flaws.set(AgentFlaw::unwritable_state, true);
  say();
  EXPECT_EQ(report().level(), Health::warning);
  EXPECT_THAT(
      ask("format=json").body,
      HasSubstr(R"("flaws":[{"kind":"unwritable_state","message":"the agent cannot write)"));
}

TEST_F(StatusAnswerTest, CredentialsThatWereNeverTriedAreNotCalledGood) {
  make({"a"});
  beat(Seconds(1));
  ASSERT_TRUE(writer_->write_note(publication::kAgentNote,
                                  encode(AgentStatus{.pid = 7, .version = "1", .leads = true})));
  EXPECT_THAT(ask("").body, HasSubstr("<dt>Credentials</dt><dd>not tried yet</dd>"));
}

TEST_F(StatusAnswerTest, AHostThatHasLostItsFleetSaysSo) {
  server_ = config::ServerKind::none;
  make({"a"});
  tell("a", valid());
  beat(Seconds(1));
  AgentStatus agent{
      .pid = 7, .version = "1", .fleet = {.name = "web", .host = "one", .leader = "<two>"}};
  agent.fleet.is_connected = true;
  agent.fleet.since = kNow - Seconds(60);
  const auto say = [&] {
    ASSERT_TRUE(writer_->write_note(publication::kAgentNote, encode(agent)));
  };
  say();
  EXPECT_EQ(report().level(), Health::good);
  EXPECT_THAT(ask("format=html").body, HasSubstr("&lt;two&gt; leads it"));
  EXPECT_THAT(ask("format=json").body,
              HasSubstr(R"("fleet":{"name":"web","host":"one","is_connected":true,)"));
  EXPECT_THAT(ask("format=prometheus").body, HasSubstr("ccm_fleet_connected{fleet=\"web\"} 1\n"));
  agent.fleet.is_connected = false;
  agent.fleet.leader = "";
  agent.fleet.problem = "etcd at https://e:2379: no <answer>";
  say();
  EXPECT_EQ(report().level(), Health::warning);
  EXPECT_THAT(ask("format=html").body,
              AllOf(HasSubstr("This host has not followed the fleet &quot;web&quot; since"),
                    HasSubstr("no &lt;answer&gt;"), HasSubstr("not followed")));
  EXPECT_THAT(ask("format=prometheus").body,
              AllOf(HasSubstr("ccm_fleet_connected{fleet=\"web\"} 0\n"),
                    HasSubstr("ccm_fleet_has_leader{fleet=\"web\"} 0\n")));
  // It follows the fleet, and nobody leads that.
  agent.fleet.is_connected = true;
  say();
  EXPECT_EQ(report().level(), Health::warning);
  EXPECT_THAT(ask("format=html").body,
              AllOf(HasSubstr("No host leads the fleet &quot;web&quot;: nothing is renewed."),
                    HasSubstr("<span class=\"word warning\">no host leads it</span>")));
  agent.fleet = {};
  say();
  EXPECT_THAT(ask("format=json").body, HasSubstr(R"("fleet":null)"));
  EXPECT_THAT(ask("format=prometheus").body, Not(HasSubstr("ccm_fleet")));
}

TEST_F(StatusAnswerTest, TellsHowAllHostsOfTheFleetAre) {
  server_ = config::ServerKind::none;
  make({"a"});
  tell("a", valid());
  beat(Seconds(1));
  AgentStatus agent{.pid = 7, .version = "1", .fleet = {.name = "web", .host = "one"}};
  agent.fleet.is_connected = true;
  agent.fleet.leader = "one";
  ASSERT_TRUE(writer_->write_note(publication::kAgentNote, encode(agent)));
  EXPECT_THAT(ask("format=json").body, HasSubstr(R"("flaws":[],"hosts":null})"));
  publication::FleetHostsStatus hosts{.flaw_count = 0};
  hosts.overview = {.at = kNow - Seconds(30), .hosts = 40, .silent = 1, .behind = 2};
  hosts.overview.shown = {{.name = "<x>", .seen = kNow - Seconds(600), .is_silent = true},
                          {.name = "y",
                           .agent = "1.2",
                           .clock_ahead = Seconds(-61),
                           .leads = true,
                           .behind = 4,
                           .behind_on = {"m", "n"}}};
  const auto say = [&] {
    std::uint32_t note = publication::kFirstFleetNote;
    for (const std::string& bytes : encode(hosts)) ASSERT_TRUE(writer_->write_note(note++, bytes));
  };
  say();
  EXPECT_EQ(report().level(), Health::good) << "this server is in order";
  EXPECT_THAT(ask("format=json").body,
              AllOf(HasSubstr(R"("count":40,"silent":1,"behind":2,"wrong_clocks":0,"worst":[{)"),
                    HasSubstr(R"("name":"y","leads":true,"is_silent":false,"last_seen":null,)"
                              R"("agent":"1.2","clock_difference":-61,"behind":4,)"
                              R"("behind_on":["m","n"]})")));
  EXPECT_THAT(ask("format=html").body,
              AllOf(HasSubstr("2 of 40 hosts, the worst first"), HasSubstr("&lt;x&gt;"),
                    HasSubstr("m, n and 2 more"), HasSubstr("1m 1s behind"),
                    HasSubstr("40, 1 not heard of, 2 behind, 0 with a wrong clock"),
                    Not(HasSubstr("out of date</span>"))));
  EXPECT_THAT(ask("format=prometheus").body,
              AllOf(HasSubstr("ccm_fleet_hosts{fleet=\"web\"} 40\n"),
                    HasSubstr("ccm_fleet_hosts_behind{fleet=\"web\"} 2\n"),
                    HasSubstr("ccm_fleet_flaws{fleet=\"web\"} 0\n"), Not(HasSubstr("host="))));
  hosts.flaw_count = 5;
  hosts.flaws = {"its <clock> is wrong"};
  hosts.overview.at = kNow - FleetOverview::kSilence - Seconds(1);
  say();
  EXPECT_EQ(report().level(), Health::warning);
  EXPECT_THAT(ask("format=html").body,
              AllOf(HasSubstr("its &lt;clock&gt; is wrong."), HasSubstr("4 more is wrong"),
                    HasSubstr("out of date</span>")));
}

// `ccmctl agent`: other programs show what is stored.
TEST_F(StatusAnswerTest, SaysNothingOfWhatIsServedWithoutAServer) {
  make({"a"});
  beat(Seconds(1));
  server_ = config::ServerKind::none;
  CertificateStatus status = valid();
  status.shown_serial = "";
  EXPECT_EQ(condition_of(status), "good valid");
  EXPECT_EQ(report().level(), Health::good);
  EXPECT_THAT(ask("format=json").body,
              AllOf(HasSubstr(R"("kind":"agent")"), HasSubstr(R"("served":null)")));
  const std::string metrics = ask("format=prometheus").body;
  EXPECT_THAT(metrics, AllOf(HasSubstr(R"(ccm_certificate_installed_version{certificate="a"} 3)"),
                             Not(HasSubstr("served_is_stored{")), Not(HasSubstr("ccm_tls_")),
                             Not(HasSubstr("ccm_workers")), Not(HasSubstr("_generation{"))));
  EXPECT_THAT(ask("format=html").body,
              AllOf(HasSubstr("Certificates of this host"), Not(HasSubstr("Handshakes</h2>"))));
}

TEST_F(StatusAnswerTest, TellsOfWhatWaitsOfOrdersAndOfHooks) {
  make({"a", "b"});
  CertificateStatus status = valid();
  status.staged = 4;
  status.activates_at = kNow + Seconds(3600);
  status.order_step = "applied";
  status.order_since = kNow - Seconds(60);
  status.events[0] = {.type = EventType::rolled_back, .at = kNow - Seconds(3600)};
  tell("a", status);
  tell("b", valid());
  AgentStatus agent;
  agent.hooks.outcomes = {5, 2, 1, 0};
  ASSERT_TRUE(writer_->write_note(publication::kAgentNote, encode(agent)));
  EXPECT_THAT(ask("format=json&q=a").body,
              AllOf(HasSubstr(R"("staged":{"version":4,"shown_from":"2027-01-15T09:00:00Z"})"),
                    HasSubstr(R"("order":{"step":"applied","since":"2027-01-15T07:59:00Z"})"),
                    HasSubstr(R"("events":[{"type":"rolled-back","time":"2027-01-15T07:00:00Z"}])"),
                    HasSubstr(R"("hooks":{"succeeded":5,"failed":2,"timed_out":1,"left_out":0})")));
  EXPECT_THAT(ask("format=json&q=b").body,
              AllOf(HasSubstr(R"("staged":null)"), HasSubstr(R"("order":null)"),
                    HasSubstr(R"("events":[])")));
  EXPECT_THAT(
      ask("format=prometheus").body,
      AllOf(
          HasSubstr(R"(ccm_hooks_total{outcome="timed_out"} 1)"),
          HasSubstr(R"(ccm_orders{step="applied"} 1)"),
          HasSubstr(R"(ccm_certificate_activation_timestamp_seconds{certificate="a"} 1800003600)"),
          Not(HasSubstr(R"(activation_timestamp_seconds{certificate="b"})"))));
  EXPECT_THAT(ask("format=html").body,
              AllOf(HasSubstr("version 4 is stored, and shown"), HasSubstr("order: applied, since"),
                    HasSubstr("events: rolled-back <time"),
                    HasSubstr("5 succeeded, 2 failed, 1 took too long, 0 left out")));
}

TEST_F(StatusAnswerTest, IsBoundedWithTenThousandCertificates) {
  constexpr std::size_t kMany = 10'000;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kMany; ++i) names.push_back("c" + std::to_string(100'000 + i));
  make(names);
  for (const std::string& name : names) tell(name, valid());
  const auto took = [&](const char* form, std::string_view query) {
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t size = ask(query).body.size();
    const auto spent = std::chrono::steady_clock::now() - begin;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(spent).count();
    RecordProperty(std::string(form) + "_bytes", static_cast<int>(size));
    RecordProperty(std::string(form) + "_milliseconds", static_cast<int>(milliseconds));
    return size;
  };
  // A page shows fifty, whatever there is; a program gets what it asks for.
  EXPECT_LT(took("page", "format=html"), 120'000U);
  EXPECT_LT(took("part", "format=json&page=3"), 60'000U);
  EXPECT_LT(took("json", "format=json"), kMany * 1000);
  EXPECT_LT(took("metrics", "format=prometheus"), kMany * 1500);
}

}  // namespace
}  // namespace ccm::server
