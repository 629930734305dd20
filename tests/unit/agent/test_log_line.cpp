// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <string>

#include "agent/process/log_line.h"
#include "base/text.h"

namespace ccm::agent {
namespace {

// 2026-11-21 22:23:00.123456 UTC.
constexpr WallTime kTime{std::chrono::microseconds{1795299780123456}};

class LogLineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(LogLineTest, LooksLikeTheServersOwn) {
  const LogLine line{Severity::notice, "published"};
  EXPECT_EQ(format_line(config::ServerKind::nginx, line, kTime, 71),
            "2026/11/21 22:23:00 [notice] 71#71: ccm: published\n");
  EXPECT_EQ(format_line(config::ServerKind::apache, line, kTime, 71),
            "[Sat Nov 21 22:23:00.123456 2026] [ccm:notice] [pid 71] published\n");
  EXPECT_EQ(format_line(config::ServerKind::none, line, kTime, 71),
            "2026-11-21T22:23:00 notice: published\n");
}

TEST_F(LogLineTest, IsAnObjectForPrograms) {
  EXPECT_EQ(format_json_line({Severity::warn, "a \"name\" of \xc3\xbc"}, kTime, 71),
            "{\"time\":\"2026-11-21T22:23:00.123Z\",\"level\":\"warn\",\"process\":71,"
            "\"message\":\"a \\\"name\\\" of \xc3\xbc\"}\n");
}

TEST_F(LogLineTest, HasAPriorityForTheJournal) {
  EXPECT_EQ(format_journal_line({Severity::notice, "published"}), "<5>ccm: published\n");
  EXPECT_EQ(format_journal_line({Severity::crit, "x"}), "<2>ccm: x\n");
  EXPECT_EQ(with_priority(Severity::warn, "{}\n"), "<4>{}\n");
}

TEST_F(LogLineTest, PadsMicroseconds) {
  const WallTime time =
      std::chrono::floor<std::chrono::seconds>(kTime) + std::chrono::microseconds(42);
  EXPECT_EQ(format_line(config::ServerKind::apache, {Severity::error, "x"}, time, 1),
            "[Sat Nov 21 22:23:00.000042 2026] [ccm:error] [pid 1] x\n");
}

TEST_F(LogLineTest, TellsTheTimeOfItsZone) {
  setenv("TZ", "XYZ-5:30", 1);
  tzset();
  EXPECT_EQ(format_line(config::ServerKind::nginx, {Severity::warn, "x"}, kTime, 1),
            "2026/11/22 03:53:00 [warn] 1#1: ccm: x\n");
}

TEST_F(LogLineTest, SurvivesThePipe) {
  for (int i = 0; i <= static_cast<int>(Severity::debug); ++i) {
    std::string tagged = tag({static_cast<Severity>(i), "a line"});
    ASSERT_EQ(tagged.back(), '\n');
    tagged.pop_back();
    const LogLine read = untag(tagged);
    EXPECT_EQ(read.severity, static_cast<Severity>(i));
    EXPECT_EQ(read.text, "a line");
  }
}

TEST_F(LogLineTest, CannotBeUsedToForgeALine) {
  const std::string tagged =
      tag({Severity::info, "from the cloud:\n0 2026/11/21 [emerg] forged\r"});
  EXPECT_EQ(tagged.find('\n'), tagged.size() - 1);
  EXPECT_EQ(tagged.find('\r'), std::string::npos);
}

TEST_F(LogLineTest, CutsWhatWouldNotGoThroughThePipeInOnePiece) {
  const std::string tagged = tag({Severity::info, std::string(10'000, 'x')});
  EXPECT_LE(tagged.size(), static_cast<std::size_t>(PIPE_BUF));
  EXPECT_TRUE(tagged.ends_with("...\n"));
}

TEST_F(LogLineTest, CarriesForeignWordsAsErrors) {
  for (const std::string words : {"terminate called", "", "8 x", "7", "3x"}) {
    EXPECT_EQ(untag(words).severity, Severity::error) << words;
    EXPECT_EQ(untag(words).text, words);
  }
  EXPECT_EQ(untag("a\x1b[31m").text, "a\\x1b[31m");
}

TEST_F(LogLineTest, MakesPrintableWhatOnlyLooksTagged) {
  const LogLine line = untag("3 a\x1b[31m\xe2\x80\xae");
  EXPECT_EQ(line.severity, Severity::error);
  EXPECT_EQ(line.text, "a\\x1b[31m\\u202e");
}

TEST_F(LogLineTest, CutsBetweenCharacters) {
  std::string text;
  while (text.size() < 2 * kMostLine) text += "\xc3\xa4";
  for (const std::string padding : {"", "x"}) {
    std::string tagged = tag({Severity::info, padding + text});
    EXPECT_LE(tagged.size(), kMostLine);
    tagged.pop_back();
    EXPECT_EQ(printable(tagged), tagged);
  }
}

TEST_F(LogLineTest, PipeLogWritesWhatTheServerWantsToSee) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  PipeLog log(ends[1], Severity::notice);
  log.info("too verbose");
  log.notice("seen {}", 1);
  std::array<char, 100> buffer{};
  const ssize_t size = read(ends[0], buffer.data(), buffer.size());
  EXPECT_EQ(std::string_view(buffer.data(), static_cast<std::size_t>(size)), "5 seen 1\n");
  signal(SIGPIPE, SIG_IGN);
  close(ends[0]);
  log.notice("nobody listens");
  close(ends[1]);
}

}  // namespace
}  // namespace ccm::agent
