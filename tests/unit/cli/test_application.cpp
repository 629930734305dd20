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
#include "cli/output/usage.h"

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
}

TEST(Usage, SaysWhatIsMissingOrTooMuch) {
  EXPECT_THAT(mistake({"ca"}), HasSubstr("`ccmctl ca` wants a command: list, show, "));
  EXPECT_EQ(mistake({"show", "a", "b"}),
            "`ccmctl show` does not take \"b\"; see `ccmctl show --help`");
  EXPECT_EQ(mistake({"--server", "nginx", "show"}),
            "`ccmctl show`: the parser's complaint; see `ccmctl show --help`");
}

}  // namespace
}  // namespace ccm::cli
