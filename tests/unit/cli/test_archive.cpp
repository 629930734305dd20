// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/commands/delivery/archive.h"

namespace ccm::cli {
namespace {

using testing::HasSubstr;
using Files = std::vector<ExportedFile>;

Files two_files() {
  Files files;
  files.push_back({"server.key", Secret::copy_of("KEY")});
  files.push_back({"server.crt", Secret::copy_of("CERTIFICATE")});
  return files;
}

TEST(Archive, GivesBackWhatItWasGiven) {
  const auto archive = zip(two_files());
  ASSERT_TRUE(archive);
  const auto files = unzip(*archive);
  ASSERT_TRUE(files) << files.error().message();
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].name, "server.key");
  EXPECT_EQ((*files)[1].content.reveal(), "CERTIFICATE");
}

TEST(Archive, RefusesWhatIsDamaged) {
  const auto archive = zip(two_files());
  ASSERT_TRUE(archive);
  std::string bytes(archive->reveal());
  // The text is short enough to be stored as it is.
  const auto at = bytes.find("CERTIFICATE");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'X';
  const auto files = unzip(Secret::copy_of(std::string_view(bytes)));
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message(), HasSubstr("server.crt cannot be read"));
  EXPECT_FALSE(unzip(Secret::copy_of("not an archive")));
}

TEST(Archive, RefusesPathsAndCrowds) {
  Files files;
  files.push_back({"../server.key", Secret::copy_of("KEY")});
  EXPECT_FALSE(unzip(*zip(files)));
  files.clear();
  for (int i = 0; i < 17; ++i) files.push_back({std::to_string(i), Secret::copy_of("X")});
  EXPECT_FALSE(unzip(*zip(files)));
}

}  // namespace
}  // namespace ccm::cli
