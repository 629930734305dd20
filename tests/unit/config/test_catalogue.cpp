// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/catalogue.h"
#include "config/input/toml_file.h"
#include "config/input/wire.h"
#include "settings_builder.h"
#include "support/temp_directory.h"

namespace ccm::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Catalogue, NeedsNoCloudAndIsSortedByName) {
  const auto config = configured(
      "catalogue shops source=store\ncatalogue edge source=store\nuse catalogue=edge |\nuse "
      "catalogue=shops |");
  ASSERT_TRUE(config) << config.error().message();
  ASSERT_EQ(config->catalogues().size(), 2U);
  EXPECT_EQ(config->catalogues()[0].name, "edge");
  EXPECT_EQ(config->catalogues()[1].origin.line, 1U);
  EXPECT_TRUE(config->has_work());
  EXPECT_THAT(config->certificates(), IsEmpty());
}

TEST(Catalogue, SaysWhatIsWrong) {
  const auto problem = [](std::string_view text) { return problem_of(configured(text)); };
  EXPECT_THAT(problem("catalogue edge"), HasSubstr("write catalogue NAME source=store"));
  EXPECT_THAT(problem("catalogue edge store"), HasSubstr("write source=store"));
  EXPECT_THAT(problem("catalogue edge source=pca"), HasSubstr("write source=store or source=scm"));
  EXPECT_THAT(problem("catalogue .edge source=store"), HasSubstr("cannot name a catalogue"));
  EXPECT_THAT(problem("catalogue a source=store\ncatalogue a source=store"),
              AllOf(HasSubstr("two catalogues named \"a\""), HasSubstr("test.conf:1"),
                    HasSubstr("test.conf:2")));
  EXPECT_THAT(problem("use catalogue=edge |"),
              AllOf(HasSubstr("unknown catalogue \"edge\""), HasSubstr("no \"catalogue\" at all")));
  EXPECT_THAT(problem("catalogue edge source=store\nuse catalogue=egde |"),
              HasSubstr("did you mean \"edge\""));
  EXPECT_THAT(problem("catalogue edge source=store\nuse catalogue=edge key=rsa:2048 |"),
              HasSubstr("\"key=rsa:2048\" follows the catalogue \"edge\""));
}

TEST(Catalogue, OneThatNobodyUsesIsDubious) {
  Settings settings;
  ASSERT_TRUE(add_lines(settings, "catalogue edge source=store"));
  EXPECT_THAT(settings.warnings(), ElementsAre(HasSubstr("ccm_certificate catalogue=edge")));
  ASSERT_TRUE(add_lines(settings, "use catalogue=edge | www.example.com"));
  EXPECT_THAT(settings.warnings(), IsEmpty());
  EXPECT_TRUE(settings.hosts().empty());
}

TEST(Catalogue, TravelsToTheAgent) {
  Settings settings;
  ASSERT_TRUE(add_lines(settings, "catalogue edge source=store\nuse catalogue=edge |"));
  const auto arrived =
      decode_handover(encode_handover({.server = {}, .settings = settings, .agent = {}}));
  ASSERT_TRUE(arrived) << arrived.error().message();
  EXPECT_EQ(arrived->settings.finalize().value().catalogues().size(), 1U);
}

TEST(Catalogue, IsNoMatterOfAnAgentWithoutServer) {
  const test::TempDirectory directory;
  for (const char* text : {"[catalogue.edge]\nsource = \"store\"\n", "catalogue = \"edge\"\n"}) {
    directory.write("agent.toml", text);
    const auto read = read_toml_settings((directory.path() / "agent.toml").string());
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message(), HasSubstr("is shown by a web server"));
  }
}

TEST(Catalogue, AnAgentKnowsThatANeighbourHasOne) {
  const auto own = configured(kCloud);
  const auto other = configured("catalogue edge source=store\nuse catalogue=edge |");
  ASSERT_TRUE(own && other);
  EXPECT_EQ(own->joined_by(*other).catalogues().size(), 1U);
  EXPECT_EQ(other->joined_by(*own).catalogues().size(), 1U);
}

}  // namespace
}  // namespace ccm::config
