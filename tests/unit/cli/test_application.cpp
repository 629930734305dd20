// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/application.h"
#include "cli/input/command_tree.h"
#include "cli/input/usage.h"

namespace ccm::cli {
namespace {

using testing::HasSubstr;
using Visit = std::function<void(const CLI::App&, const std::string& path)>;

void walk(const CLI::App& app, const std::string& path, const Visit& visit) {
  visit(app, path);
  for (const CLI::App* each : commands_of(app)) walk(*each, path + " " + each->get_name(), visit);
}

// The lines of a help text that begin a command; the others belong to the one before.
std::vector<std::string> examples_of(const CLI::App& app) {
  std::vector<std::string> all;
  const std::string footer = app.get_footer();
  const auto at = footer.find("Example");
  if (at == std::string::npos) return all;
  for (const auto line : split(std::string_view(footer).substr(at), '\n')) {
    const auto text = trim(line);
    if (text.starts_with("ccmctl ")) all.emplace_back(text.substr(0, text.find_first_of(">|")));
  }
  return all;
}

std::string problem_of(const std::string& line) {
  try {
    Application().parse(line);
  } catch (const CLI::CallForHelp&) {
    return {};
  } catch (const CLI::ParseError& problem) {
    return problem.what();
  }
  return {};
}

TEST(Application, ShowsExamplesThatParseWithEveryCommand) {
  const Application application;
  int count = 0;
  walk(application.commands(), "ccmctl", [&](const CLI::App& app, const std::string& path) {
    SCOPED_TRACE(path);
    const auto examples = examples_of(app);
    EXPECT_FALSE(examples.empty());
    for (const std::string& example : examples) {
      EXPECT_EQ(problem_of(example), "") << example;
      ++count;
    }
  });
  EXPECT_GT(count, 90);
}

TEST(Application, EndsHelpWithTheExamples) {
  const Application application;
  walk(application.commands(), "ccmctl", [&](const CLI::App& app, const std::string& path) {
    const auto examples = examples_of(app);
    ASSERT_FALSE(examples.empty()) << path;
    const std::string help = app.help();
    EXPECT_GT(help.rfind("Example"), help.rfind("Options:") + 1) << path;
  });
}

std::string mistake(const std::vector<std::string>& words) {
  const Application application;
  return explain_mistake(application.commands(), words, "the parser's complaint");
}

TEST(Usage, GuessesTheCommandThatWasMeant) {
  EXPECT_EQ(mistake({"statsu"}),
            "`ccmctl` has no command \"statsu\"; did you mean status? `ccmctl --help` lists them");
  EXPECT_THAT(mistake({"ca", "crate"}), HasSubstr("did you mean create?"));
  EXPECT_THAT(mistake({"cert"}), HasSubstr("did you mean certificates?"));
  EXPECT_EQ(mistake({"xyzzy"}), "`ccmctl` has no command \"xyzzy\"; `ccmctl --help` lists them");
}

TEST(Usage, GuessesTheOptionThatWasMeant) {
  EXPECT_THAT(mistake({"export", "www", "--fromat", "pem"}),
              HasSubstr("`ccmctl export` has no option --fromat; did you mean --format?"));
  EXPECT_THAT(mistake({"status", "--jsno"}), HasSubstr("did you mean --json?"));
  for (const char* far : {"-o", "-x", "--o", "--xyzzy"}) {
    EXPECT_EQ(mistake({"list", far}),
              fmt::format("`ccmctl list` has no option {}; `ccmctl list --help` lists them", far));
  }
}

TEST(Usage, SaysWhatIsMissingOrTooMuch) {
  EXPECT_THAT(mistake({"ca"}), HasSubstr("`ccmctl ca` wants a command: list, show, "));
  EXPECT_EQ(mistake({"show", "a", "b"}),
            "`ccmctl show` does not take \"b\"; see `ccmctl show --help`");
  EXPECT_EQ(mistake({"--server", "nginx", "show"}),
            "`ccmctl show`: the parser's complaint; see `ccmctl show --help`");
}

// The sentence about a line that does not parse.
std::string sentence_about(const std::vector<std::string>& words) {
  Application application;
  std::string line = "ccmctl";
  for (const std::string& word : words) line += " " + word;
  try {
    application.parse(line);
  } catch (const CLI::ParseError& problem) {
    return explain_mistake(application.commands(), words, problem.what());
  }
  return {};
}

using Test = std::function<void(const std::vector<std::string>& words, const CLI::Option& option)>;

// With the words that lead to each option.
void for_each_option(const Test& test) {
  const Application application;
  walk(application.commands(), "", [&](const CLI::App& app, const std::string& path) {
    std::vector<std::string> words;
    for (const auto word : split(trim(path), ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
    for (const CLI::Option* option : options_of(app)) {
      words.push_back(spellings(*option).front());
      SCOPED_TRACE(join(words, " "));
      test(words, *option);
      words.pop_back();
    }
  });
}

TEST(Usage, SaysOfEveryOptionThatItsValueIsMissing) {
  int count = 0;
  for_each_option([&](const auto& words, const CLI::Option& option) {
    if (!needs_value(option)) return;
    EXPECT_THAT(sentence_about(words), HasSubstr(words.back() + " wants "));
    ++count;
  });
  EXPECT_GT(count, 200);
  EXPECT_EQ(sentence_about({"export", "x", "--output"}),
            "`ccmctl export`: --output wants a DIRECTORY; see `ccmctl export --help`");
  EXPECT_EQ(sentence_about({"status", "--output="}),
            "`ccmctl status`: --output wants one of wide, json, yaml, name; see `ccmctl status "
            "--help`");
  EXPECT_THAT(sentence_about({"verify", "--connect"}), HasSubstr("--connect wants an ADDRESS;"));
  EXPECT_THAT(sentence_about({"renew", "--timeout"}), HasSubstr("--timeout wants a NUMBER;"));
}

TEST(Usage, SaysOfEveryNumberWhichWouldBeRight) {
  int count = 0;
  for_each_option([&](auto words, const CLI::Option& option) {
    if (type_of(option) != "NUMBER") return;
    const std::string name = option.get_name();
    words.back() = fmt::format("--{}=x", option.get_lnames().front());
    EXPECT_THAT(sentence_about(words), HasSubstr(fmt::format("{}: \"x\" is no ", name)));
    EXPECT_THAT(sentence_about(words), HasSubstr(" from "));
    ++count;
  });
  EXPECT_GT(count, 10);
  EXPECT_THAT(sentence_about({"certificates", "list", "--limit", "x"}),
              HasSubstr(": --limit: \"x\" is no whole number from 1 on;"));
  EXPECT_THAT(sentence_about({"renew", "www", "--timeout", "abc"}),
              HasSubstr("--timeout: \"abc\" is no number of seconds from 0 to 86400;"));
  EXPECT_THAT(sentence_about({"rollback", "www", "--to", "abc"}),
              HasSubstr("--to: \"abc\" is no version number from 1 on;"));
}

TEST(Usage, SaysOfChoicesWhichThereAre) {
  EXPECT_THAT(sentence_about({"status", "-o", "foo"}),
              HasSubstr("--output: \"foo\" is not one of wide, json, yaml, name;"));
  EXPECT_THAT(sentence_about({"--color", "foo", "status"}),
              HasSubstr("--color: \"foo\" is not one of auto, always, never;"));
  EXPECT_THAT(sentence_about({"generate", "foo"}), HasSubstr("FORM: \"foo\" is not one of man, "));
}

TEST(Usage, LooksAtValuesBeforeAnythingElse) {
  EXPECT_THAT(sentence_about({"status", "--since", "5x"}), HasSubstr("--since: \"5x\" is not a "));
  EXPECT_THAT(sentence_about({"verify", "--warning", "5x"}), HasSubstr("--warning: \"5x\" is "));
  for (const char* command : {"verify", "check"}) {
    EXPECT_THAT(sentence_about({command, "--connect", "foo"}),
                HasSubstr("--connect: \"foo\" is no address; write HOST:PORT"));
  }
}

TEST(Usage, SaysInPlainWordsWhatTheParserMeans) {
  EXPECT_THAT(sentence_about({"export", "x", "--format", "pem", "--format", "iis"}),
              HasSubstr(": --format may be given only once, not 2 times;"));
  EXPECT_THAT(sentence_about({"status", "--json=foo"}),
              HasSubstr(": --json does not take \"foo\";"));
}

}  // namespace
}  // namespace ccm::cli
