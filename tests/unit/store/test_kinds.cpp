// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "store/kinds.h"
#include "support/folders.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Kinds, HaveWordsOfTheirOwnAndAreComplete) {
  std::set<std::string_view> words;
  for (const Kind& kind : kinds()) {
    EXPECT_TRUE(words.insert(kind.word).second) << kind.word;
    EXPECT_TRUE(kind.is_meant && kind.open && kind.open_to_read && kind.distrust && kind.survey)
        << kind.word;
  }
  EXPECT_EQ(kind_of("/var/lib/ccm").word, "file");
  EXPECT_EQ(kind_of(".").word, "file");
}

TEST(Kinds, OpenAStoreAndWhatReadsIt) {
  const test::TempDirectory directory;
  const std::string place = (directory.path() / "state").string();
  EXPECT_THAT(open_to_read(place)->names().value(), IsEmpty());
  EXPECT_FALSE(fs::exists(place)) << "reading makes nothing";
  const auto store = open_store(place);
  ASSERT_TRUE(store) << store.error().message();
  const auto lease = (*store)->try_lead().value();
  ASSERT_TRUE((*store)->write_record(*lease, "www", "state", Secret(), 0));
  EXPECT_EQ(open_to_read(place)->names().value(), std::vector<std::string>{"www"});
}

TEST(Kinds, SurveyWhatIsInTheWay) {
  const test::TempDirectory directory;
  const std::string place = directory.path().string();
  fs::permissions(place, fs::perms::owner_all);
  const Kind& kind = kind_of(place);
  EXPECT_EQ(kind.survey(place, SystemClock().now()).lead, Lead::never_taken);
  const auto store = kind.open(place).value();
  auto lease = store->try_lead().value();
  Survey survey = kind.survey(place, SystemClock().now());
  EXPECT_EQ(survey.lead, Lead::taken);
  EXPECT_GT(survey.entries, 4U);
  for (const auto* list : {&survey.open_files, &survey.open_directories, &survey.foreign,
                           &survey.unreadable, &survey.orphans, &survey.strange, &survey.strays}) {
    EXPECT_THAT(*list, IsEmpty());
  }
  lease.reset();
  directory.write("certificates/stray", "x");
  fs::permissions(directory.path() / "certificates/stray", fs::perms(0644));
  fs::create_symlink("/", directory.path() / "keys/link");
  survey = kind.survey(place, SystemClock().now());
  EXPECT_EQ(survey.lead, Lead::free);
  EXPECT_THAT(survey.strays, ::testing::ElementsAre(HasSubstr("certificates/stray")));
  EXPECT_THAT(survey.open_files, ::testing::ElementsAre(HasSubstr("certificates/stray")));
  EXPECT_THAT(survey.strange, ::testing::ElementsAre(HasSubstr("keys/link")));
}

// The store is the only door: another kind of store is a folder below common/store and a row of
// the table, because nothing else knows how a store keeps what it has. (`ccmctl agent` tells
// people where the files of the present one lie.) The store of a fleet is one, too: it keeps its
// copy as files, and has a room of its own because it needs curl.
TEST(Kinds, AreKnownToNobodyOutsideTheRoom) {
  constexpr std::array kWords = {
      "certificates/{}", "/certificates\"", "/versions",   "/records",       "open_file_store",
      "FileStore",       "FileReader",      "file_store/", "record_file.h",  "\"request-",
      "\"granted-",      "leader.lock",     "/revision",   "inotify_init1(", "AdmissionForTests",
  };
  const fs::path root = test::in_source_tree("");
  std::size_t files = 0;
  for (const char* tree : {"common", "nginx_module", "apache_module"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / tree)) {
      const std::string path = entry.path().lexically_relative(root).string();
      const std::string extension = entry.path().extension().string();
      if ((extension != ".cpp" && extension != ".h") || path.starts_with("common/store/") ||
          path.starts_with("common/cloud/") || path.starts_with("common/fleet/store/") ||
          path == "common/policy/admission.h") {
        continue;
      }
      ++files;
      const std::string text = test::read_whole_file(entry.path().string());
      for (const char* word : kWords) {
        EXPECT_EQ(text.find(word), std::string::npos) << path << " knows " << word;
      }
    }
  }
  EXPECT_GT(files, 100U);
}

}  // namespace
}  // namespace ccm::store
