#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "lifecycle/effective_settings.h"
#include "support/temp_directory.h"

namespace ccm::lifecycle {
namespace {

config::Handover handover(config::ServerKind server, const std::string& certificate) {
  config::Handover out;
  out.server.kind = server;
  EXPECT_TRUE(out.settings.set("region", {"ap-southeast-1"}, {}));
  EXPECT_TRUE(out.settings.set("credentials", {"file=/root/credentials"}, {}));
  EXPECT_TRUE(out.settings.add_certificate(certificate, {}));
  EXPECT_TRUE(out.settings.set_in(certificate, "source", {"scm"}, {}));
  EXPECT_TRUE(out.settings.set_in(certificate, "names", {"www.example.com"}, {}));
  return out;
}

TEST(EffectiveSettings, AreThoseOfEveryServerOfTheHost) {
  const test::TempDirectory directory;
  EXPECT_TRUE(read_effective_settings(directory.path())->empty());
  ASSERT_TRUE(
      write_effective_settings(directory.path(), handover(config::ServerKind::apache, "shop")));
  ASSERT_TRUE(
      write_effective_settings(directory.path(), handover(config::ServerKind::nginx, "old")));
  ASSERT_TRUE(
      write_effective_settings(directory.path(), handover(config::ServerKind::nginx, "www")));
  const auto read = read_effective_settings(directory.path());
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(name_of(read->front().server), "nginx");
  EXPECT_NE(read->front().config.find("www"), nullptr);
  EXPECT_EQ(read->front().config.find("old"), nullptr) << "the last load counts";
  EXPECT_NE(read->back().config.find("shop"), nullptr);
  EXPECT_EQ(read->back().config.global().region, "ap-southeast-1");
}

TEST(EffectiveSettings, AreTheOwnersOnlyAndADamagedFileIsNone) {
  const test::TempDirectory directory;
  ASSERT_TRUE(
      write_effective_settings(directory.path(), handover(config::ServerKind::nginx, "www")));
  const std::string file = (directory.path() / "settings-nginx").string();
  struct stat facts {};
  ASSERT_EQ(stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  std::ofstream(file) << "something else";
  EXPECT_TRUE(read_effective_settings(directory.path())->empty());
}

}  // namespace
}  // namespace ccm::lifecycle
