// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/input/settings.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::HasSubstr;

std::string problem_in(std::string_view text) {
  Settings settings;
  return problem_of(add_lines(settings, text));
}

TEST(Settings, UnknownDirectiveIsAnsweredWithTheNearest) {
  EXPECT_EQ(problem_in("certificate a\n  renew_befor 33%"),
            "unknown directive \"renew_befor\" in certificate block; did you mean "
            "\"renew_before\"?");
  EXPECT_EQ(problem_in("regoin x"),
            "unknown directive \"regoin\" in ccm block; did you mean \"region\"?");
  EXPECT_EQ(problem_in("colour blue"), "unknown directive \"colour\" in ccm block");
}

TEST(Settings, DirectiveInTheWrongBlockIsSentToTheRightOne) {
  EXPECT_EQ(problem_in("source scm"),
            "\"source\" is not allowed in a ccm block; it belongs in the certificate block");
  EXPECT_EQ(problem_in("certificate a\n  region x"),
            "\"region\" is not allowed in a certificate block; it belongs in the ccm block");
}

TEST(Settings, DuplicateNamesTheFirst) {
  EXPECT_EQ(problem_in("region a\nuser x\nregion b"),
            "\"region\" is given twice; the first one is in test.conf:1");
  EXPECT_EQ(problem_in("keep 1\ncertificate a\n  keep 2"), "no error");
  EXPECT_EQ(problem_in("certificate a\n  keep 1\n  keep 2"),
            "\"keep\" is given twice; the first one is in test.conf:2");
  EXPECT_EQ(problem_in("certificate a\ncertificate b\ncertificate a"),
            "there are two certificate blocks named \"a\"; the first one is in test.conf:1");
}

TEST(Settings, WorkersMayBeDumpedUnlessToldOtherwise) {
  for (const auto& [text, may] : {std::pair("region a", true), std::pair("worker_dumps on", true),
                                  std::pair("worker_dumps off", false)}) {
    Settings settings;
    ASSERT_TRUE(add_lines(settings, text)) << text;
    EXPECT_EQ(settings.allows_worker_dumps(), may) << text;
  }
}

TEST(Settings, TheFormOfTheLogIsWhatWasSaid) {
  const std::vector<std::pair<std::string, std::optional<LogFormat>>> cases{
      {"region a", std::nullopt},
      {"log_format text", LogFormat::text},
      {"log_format json", LogFormat::json}};
  for (const auto& [text, expected] : cases) {
    Settings settings;
    ASSERT_TRUE(add_lines(settings, text)) << text;
    EXPECT_EQ(settings.log_format(), expected) << text;
  }
  EXPECT_EQ(problem_in("log_format combined"), "log_format: \"combined\" is neither text nor json");
}

TEST(Settings, CertificateNamesAreFileNames) {
  for (const std::string& name :
       {std::string("a"), std::string("A.b_c-9"), std::string(128, 'x')}) {
    Settings settings;
    EXPECT_TRUE(settings.add_certificate(name, line(1))) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(".a"), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string(129, 'x'), std::string("caf\xc3\xa9"), std::string("a\0b", 3)}) {
    Settings settings;
    EXPECT_FALSE(settings.add_certificate(name, line(1))) << name;
    EXPECT_FALSE(settings.use({name}, {}, line(1))) << name;
  }
}

TEST(Settings, ControlCharactersAndAbsurdLengthsAreRefused) {
  Settings settings;
  EXPECT_THAT(problem_of(settings.set("state_path", {"/a\nb"}, line(1))),
              HasSubstr("contains a control character"));
  EXPECT_THAT(problem_of(settings.set("state_path", {"/" + std::string(5000, 'a')}, line(1))),
              HasSubstr("is longer than 4096 characters"));
  EXPECT_FALSE(settings.use({"source=scm"}, {"a.example\r"}, line(1)));
  EXPECT_FALSE(settings.use({"source=scm\x7f"}, {"a.example"}, line(1)));
  EXPECT_TRUE(settings.empty());
}

TEST(Settings, EmptyUntilSomethingWasAccepted) {
  Settings settings;
  EXPECT_TRUE(settings.empty());
  EXPECT_FALSE(settings.set("region", {}, line(1)));
  EXPECT_TRUE(settings.empty());
  EXPECT_TRUE(settings.set("region", {"x"}, line(1)));
  EXPECT_FALSE(settings.empty());
}

TEST(Settings, SpeaksInTheServersOwnWords) {
  Settings settings(
      Dialect{.spelling = [](std::string_view key) { return fmt::format("CCM:{}", key); }});
  EXPECT_EQ(problem_of(settings.set("keep", {"x"}, line(1))),
            "CCM:keep: \"x\" is not a number from 0 to 100");
  EXPECT_EQ(problem_of(settings.set("keep", {}, line(1))),
            "invalid number of arguments in \"CCM:keep\"; write CCM:keep 3");
  EXPECT_THAT(problem_of(settings.set("kep", {"1"}, line(1))),
              HasSubstr("did you mean \"CCM:keep\"?"));
  ASSERT_TRUE(settings.use({"source=scm"}, {"www.example.com"}, line(2)));
  EXPECT_THAT(problem_of(settings.finalize()), HasSubstr("write CCM:credentials file="));
}

TEST(Settings, DirectiveForAnUnopenedBlockIsRefused) {
  Settings settings;
  EXPECT_EQ(problem_of(settings.set_in("a", "keep", {"1"}, line(1))),
            "there is no certificate block \"a\"");
  ASSERT_TRUE(settings.use({"source=scm"}, {"www.example.com"}, line(2)));
  EXPECT_FALSE(settings.set_in("www.example.com", "keep", {"1"}, line(3)));
}

TEST(Settings, NameInUseStandsAlone) {
  EXPECT_EQ(problem_in("use intranet key=rsa"),
            "\"key=rsa\" follows the certificate's name \"intranet\"; parameters belong in its "
            "certificate block");
  EXPECT_THAT(problem_in("use"), HasSubstr("write the NAME of a certificate block"));
}

}  // namespace
}  // namespace ccm::config
