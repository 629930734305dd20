// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "base/result.h"
#include "cli/input/value_checks.h"

namespace ccm::cli {
namespace {

// What the check has against the text.
std::string problem_of(const CLI::Validator& check, std::string text) {
  return check(text);
}

TEST(ValueChecks, ListTheWordsThatWouldBeRight) {
  const auto check = one_of({"text", "json"});
  EXPECT_EQ(problem_of(check, "json"), "");
  EXPECT_EQ(problem_of(check, "yaml"), "\"yaml\" is not one of text, json");
  EXPECT_EQ(problem_of(check, "JSON"), "\"JSON\" is not one of text, json");
  EXPECT_EQ(problem_of(check, "\x1b[2J"), "\"\\x1b[2J\" is not one of text, json");
  EXPECT_EQ(problem_of(one_of({"SUPERSEDED"}, Case::ignored), "superseded"), "");
}

TEST(ValueChecks, SayBetweenWhatANumberIsRight) {
  const auto seconds = number({.what = "number of seconds", .least = 0, .most = 60});
  for (const char* right : {"0", "60"}) EXPECT_EQ(problem_of(seconds, right), "");
  for (const std::string wrong : {"61", "-1", "1.5", "abc", "", "18446744073709551616"}) {
    EXPECT_EQ(problem_of(seconds, wrong), "\"" + wrong + "\" is no number of seconds from 0 to 60");
  }
  EXPECT_EQ(problem_of(number({}), "4294967295"), "");
  EXPECT_EQ(problem_of(number({}), "4294967296"), "\"4294967296\" is no whole number from 1 on");
  EXPECT_EQ(problem_of(number({}), "0"), "\"0\" is no whole number from 1 on");
}

TEST(ValueChecks, TurnAWordIntoItsValue) {
  enum class Colour : std::uint8_t { red, green };
  const auto check = word_for<Colour>({{"red", Colour::red}, {"green", Colour::green}});
  CLI::App app;
  Colour colour = Colour::red;
  app.add_option("--colour", colour)->transform(check);
  app.parse("--colour green");
  EXPECT_EQ(colour, Colour::green);
  // The value itself is no word.
  EXPECT_EQ(problem_of(check, "1"), "\"1\" is not one of red, green");
}

TEST(ValueChecks, GiveADurationOrSayWhatOneIs) {
  CLI::App app;
  Seconds taken{0};
  add_duration(app, "--for", "how long", [&](Seconds given) { taken = given; });
  app.parse("--for 2h");
  EXPECT_EQ(taken, Seconds(7200));
  try {
    app.parse("--for 2x");
    ADD_FAILURE() << "it was taken";
  } catch (const CLI::ValidationError& problem) {
    EXPECT_TRUE(std::string(problem.what()).starts_with("--for: \"2x\" is not a duration; write"));
  }
}

}  // namespace
}  // namespace ccm::cli
