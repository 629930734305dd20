// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/survey/plugin_output.h"

namespace ccm::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr Seconds kDay{86400};

CertificateReport report(const std::string& name, Seconds left, Level level = Level::ok,
                         const std::string& sentence = {}) {
  const Look look{.server = "nginx",
                  .address = "127.0.0.1:443",
                  .server_name = name + ".example",
                  .key = crypto::KeyAlgorithm::ecdsa,
                  .verdict = {.level = level, .sentence = "shows something"},
                  .protocol = "TLSv1.3"};
  return {.name = name,
          .version = 1,
          .level = level,
          .sentence = sentence,
          .left = left,
          .limits = Limits{.warning = 20 * kDay, .critical = 7 * kDay},
          .looks = {look}};
}

TEST(PluginOutput, SaysThatAllIsWellInOneLine) {
  const Survey survey{
      .certificates = {report("api", 70 * kDay), report("www", 62 * kDay + Seconds(4000))},
      .servers = {}};
  EXPECT_EQ(plugin_line(survey),
            "CCM OK - 2 certificates, www expires in 62 d | 'api'=70d;20:;7: 'www'=62d;20:;7:\n");
  EXPECT_EQ(plugin_line({.certificates = {report("www", kDay * 30)}, .servers = {}}),
            "CCM OK - 1 certificate, www expires in 30 d | 'www'=30d;20:;7:\n");
}

TEST(PluginOutput, ShortLivesHaveFractions) {
  CertificateReport one = report("www", Seconds(3600));
  one.limits = Limits{.warning = Seconds(864), .critical = Seconds(0)};
  EXPECT_THAT(plugin_line({.certificates = {one}, .servers = {}}),
              HasSubstr("www expires in 60 min | 'www'=0.04d;0.01:;0:\n"));
}

TEST(PluginOutput, TellsTheWorstFirstAndNotTooMuch) {
  Survey survey{
      .certificates = {report("a", kDay, Level::warning, "first"),
                       report("b", kDay, Level::critical, "second"),
                       report("c", kDay, Level::unknown, "third"),
                       report("d", kDay, Level::warning, "fourth"), report("e", 90 * kDay)},
      .servers = {}};
  EXPECT_THAT(plugin_line(survey),
              testing::StartsWith("CCM CRITICAL - b: second; c: third; a: first; and 1 more | "));
  survey.servers.push_back({.title = "nginx", .level = Level::critical, .sentence = "agent dead"});
  EXPECT_THAT(plugin_line(survey),
              HasSubstr("CRITICAL - nginx: agent dead; b: second; c: third; "));
}

TEST(PluginOutput, NobodyWhoCouldBeAskedIsSaidOnce) {
  const CertificateReport unseen{
      .name = "www", .level = Level::unknown, .sentence = "not seen", .is_said = true};
  const Survey survey{
      .certificates = {unseen},
      .servers = {{.title = "nginx", .level = Level::critical, .sentence = "does not run"}}};
  EXPECT_EQ(plugin_line(survey), "CCM CRITICAL - nginx: does not run\n");
  EXPECT_EQ(plugin_details(survey), "CRITICAL nginx: does not run\nUNKNOWN www: not seen\n");
}

TEST(PluginOutput, WhatIsWrongWithTheFleetHidesNoCertificate) {
  const Survey survey{
      .certificates = {{.name = "mail", .level = Level::unknown, .sentence = "nobody serves it"}},
      .servers = {{.title = "fleet", .level = Level::warning, .sentence = "not followed"}}};
  EXPECT_EQ(plugin_line(survey), "CCM UNKNOWN - mail: nobody serves it; fleet: not followed\n");
}

TEST(PluginOutput, NothingIsNotFine) {
  EXPECT_EQ(plugin_line({}), "CCM UNKNOWN - no server of this host names a certificate\n");
}

TEST(PluginOutput, ABarAndALineFeedStayOutOfTheSentence) {
  const std::string line = plugin_line(
      {.certificates = {report("a", kDay, Level::warning, "one | two\nthree")}, .servers = {}});
  EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 1);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(plugin_failure("a|b\nc"), AllOf(HasSubstr("a/b"), Not(HasSubstr("|"))));
}

TEST(PluginOutput, ManyCertificatesAreCounted) {
  Survey survey;
  for (int i = 0; i < 10000; ++i) {
    survey.certificates.push_back(report(fmt::format("c{}", i), (50 + i) * kDay));
  }
  survey.certificates[7].level = Level::critical;
  survey.certificates[7].sentence = "broken";
  EXPECT_EQ(plugin_line(survey),
            "CCM CRITICAL - c7: broken | 'first to end'=50d;20:;7: 'certificates'=10000 "
            "'warning'=0 'critical'=1 'unknown'=0\n");
}

TEST(PluginOutput, DetailsNameEveryHandshakeThatCounts) {
  Survey survey{.certificates = {report("www", 70 * kDay)}, .servers = {}};
  survey.certificates[0].looks.push_back(survey.certificates[0].looks[0]);
  survey.certificates[0].looks[1].counts = false;
  EXPECT_EQ(plugin_details(survey),
            "OK www (ECDSA): nginx at 127.0.0.1:443, asked for www.example, shows something\n");
}

}  // namespace
}  // namespace ccm::cli
