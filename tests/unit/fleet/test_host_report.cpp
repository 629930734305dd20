// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "fleet/hosts/host_report.h"

namespace ccm::fleet {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const HostReport kReport{.host = "web-1",
                         .agent = "0.1.0",
                         .written = Time(Seconds(1000)),
                         .ahead = Seconds(-7),
                         .followed = 42,
                         .failed = {{"www", "the disk is full"}}};

TEST(HostReport, IsReadAsItWasWritten) {
  const HostReport read = parse_report(serialize(kReport)).value();
  EXPECT_EQ(read.host, "web-1");
  EXPECT_EQ(read.agent, "0.1.0");
  EXPECT_EQ(read.written, kReport.written);
  EXPECT_EQ(read.ahead, Seconds(-7));
  EXPECT_EQ(read.followed, 42U);
  EXPECT_EQ(read.failed, kReport.failed);
  EXPECT_FALSE(parse_report("host: x\n"));
  EXPECT_FALSE(parse_report("rubbish"));
}

TEST(HostReport, IsRefusedWithTimesThatNoClockShows) {
  const auto text = [](const char* written, const char* ahead) {
    return fmt::format("host: web-1\nwritten: {}\nahead: {}\nfollowed: 42\n", written, ahead);
  };
  ASSERT_TRUE(parse_report(text("1000", "-7")));
  for (const auto& [written, ahead] :
       {std::pair("9223372036854775807", "0"), std::pair("-9223372036854775808", "0"),
        std::pair("-1", "0"), std::pair("1000", "9223372036854775807"),
        std::pair("1000", "-9223372036854775808")}) {
    const auto report = parse_report(text(written, ahead));
    ASSERT_FALSE(report) << written << " " << ahead;
    EXPECT_EQ(report.error().kind(), ErrorKind::invalid);
  }
}

TEST(HostReport, StaysSmallHoweverMuchIsWrong) {
  HostReport report = kReport;
  for (int i = 0; i < 500; ++i) report.failed["c" + std::to_string(i)] = "damaged";
  EXPECT_THAT(parse_report(serialize(report))->failed, SizeIs(20));
}

TEST(HostReport, TellsWhatTheHostIsBehindOn) {
  const std::vector<KnownCertificate> all{{.name = "mail", .current = 3, .modified = 42},
                                          {.name = "shop", .current = 5, .modified = 43},
                                          {.name = "www", .current = 7, .modified = 12}};
  const auto behind = behind_on(kReport, all);
  ASSERT_THAT(behind, SizeIs(2));
  EXPECT_EQ(behind[0].name, "shop") << "it was changed later than the host has followed";
  EXPECT_EQ(behind[0].current, 5U);
  EXPECT_EQ(behind[1].name, "www") << "the host could not take it in";
  EXPECT_THAT(behind_on({.host = "web-2", .followed = 43}, all), IsEmpty());
}

TEST(HostReport, CountsItsAgeByTheReadersClock) {
  // The host's clock is 7 s behind etcd's, the reader's 3 s ahead: 10 s between the two.
  const ReportAge age = age_of(kReport, Time(Seconds(1030)), Seconds(3));
  EXPECT_EQ(age.clock_ahead, Seconds(-10));
  EXPECT_EQ(age.age, Seconds(20));
  const ReportAge unknown = age_of(kReport, Time(Seconds(1030)), std::nullopt);
  EXPECT_FALSE(unknown.clock_ahead);
  EXPECT_EQ(unknown.age, Seconds(30));
  EXPECT_EQ(age_of(kReport, Time(Seconds(900)), std::nullopt).age, Seconds(0));
}

}  // namespace
}  // namespace ccm::fleet
