// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "support/admission.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"
#include "support/test_ocsp.h"

namespace ccm::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::unique_ptr<Store> store = open_file_store(directory_.path().string()).value();
    const std::unique_ptr<Lease> lease = store->try_lead().value();
    for (VersionNumber version = 0; version < 2; ++version) {
      const crypto::Bundle bundle = test::make_test_bundle();
      ASSERT_TRUE(store->install(*lease, test::let_in("www", bundle),
                                 {.bundle = bundle,
                                  .origin = "import",
                                  .expected = version,
                                  .keep = 5,
                                  .now = test::kTestNow}));
    }
  }
  fs::path version_file(int version, const std::string& file) const {
    return directory_ / ("certificates/www/versions/" + std::to_string(version) + "/" + file);
  }
  void point_at(const std::string& target) const {
    fs::remove(directory_ / "certificates/www/current");
    fs::create_symlink(target, directory_ / "certificates/www/current");
  }
  VersionNumber loaded_number() const {
    const StoreReader::Loaded loaded = reader_.load("www").value();
    return loaded.certificate ? loaded.certificate->info.number : 0;
  }
  std::string damage() const {
    const StoreReader::Loaded loaded = reader_.load("www").value();
    return loaded.damage ? loaded.damage->message() : "";
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  FileReader reader_{directory_.path().string()};
};

TEST_F(FileReaderTest, DescribesTheCurrentVersionWithoutReadingItsFiles) {
  const fs::path key = version_file(2, "privkey.pem");
  const auto written = fs::last_write_time(key);
  std::ofstream(key) << "damage that only a reader of the file finds";
  fs::last_write_time(key, written);
  const auto described = reader_.describe("www").value();
  EXPECT_EQ(described.info.value().number, 2U);
  EXPECT_EQ(described.info->origin, "import");
  EXPECT_FALSE(described.damage);
  EXPECT_FALSE(reader_.describe("none").value().info);
  EXPECT_FALSE(reader_.describe("../x"));
}

TEST_F(FileReaderTest, LoadsAgainOnlyWhatLooksAsBefore) {
  const auto leaf = [this] {
    return reader_.load_again("www").value().certificate.value().bundle.leaf().native();
  };
  const auto first = reader_.load_again("www").value();
  EXPECT_EQ(leaf(), first.certificate->bundle.leaf().native());
  EXPECT_NE(reader_.load("www").value().certificate->bundle.leaf().native(), leaf())
      << "who does not follow reads the files";

  std::ofstream(version_file(2, "ocsp.der")) << "response";
  EXPECT_EQ(reader_.load_again("www").value().certificate->ocsp_response.size(), 8U);
  std::ofstream(version_file(2, "privkey.pem"), std::ios::app) << "x";
  const auto altered = reader_.load_again("www").value();
  EXPECT_EQ(altered.certificate.value().info.number, 1U);
  EXPECT_TRUE(altered.damage);
  EXPECT_TRUE(reader_.load_again("www").value().damage);
  EXPECT_FALSE(reader_.load_again("none").value().certificate);
}

// It has a private key.
TEST_F(FileReaderTest, KeepsNothingOfWhatIsGone) {
  const auto first = reader_.load_again("www").value();
  const fs::path entry = version_file(2, "privkey.pem").parent_path().parent_path().parent_path();
  fs::rename(entry, entry.string() + "-away");
  EXPECT_EQ(reader_.current_version("www"), 0U);
  fs::rename(entry.string() + "-away", entry);
  EXPECT_NE(reader_.load_again("www").value().certificate->bundle.leaf().native(),
            first.certificate->bundle.leaf().native())
      << "it was read again";
}

TEST_F(FileReaderTest, DescribesWhatLoadGivesWhereDamageShows) {
  std::ofstream(version_file(2, "privkey.pem")) << "x";
  fs::last_write_time(version_file(2, "privkey.pem"),
                      fs::last_write_time(version_file(2, "version")) + std::chrono::seconds(1));
  const auto altered = reader_.describe("www").value();
  EXPECT_EQ(altered.info.value().number, 1U);
  EXPECT_THAT(altered.damage.value().message(), HasSubstr("privkey.pem"));
  point_at("versions/9");
  EXPECT_EQ(reader_.describe("www").value().info.value().number, 1U);
  point_at("versions/1");
  fs::remove(version_file(1, "chain.pem"));
  const auto cut = reader_.describe("www").value();
  EXPECT_FALSE(cut.info);
  EXPECT_THAT(cut.damage.value().message(), HasSubstr("chain.pem"));
}

TEST_F(FileReaderTest, TellsOneVersionFromAnotherOfTheSameNumber) {
  EXPECT_EQ(reader_.version_stamp("none"), 0U);
  const std::uint64_t second = reader_.version_stamp("www");
  EXPECT_NE(second, 0U);
  EXPECT_EQ(reader_.version_stamp("www"), second);
  point_at("versions/1");
  EXPECT_NE(reader_.version_stamp("www"), second);
  point_at("versions/2");
  EXPECT_EQ(reader_.version_stamp("www"), second);
  // As a backup that is unpacked.
  fs::copy_file(version_file(2, "version"), version_file(2, "copy"));
  fs::rename(version_file(2, "copy"), version_file(2, "version"));
  EXPECT_NE(reader_.version_stamp("www"), second);
}

TEST_F(FileReaderTest, TheStampShowsWhatIsDoneToAFile) {
  const fs::path key = version_file(2, "privkey.pem");
  const fs::path chain = version_file(2, "fullchain.pem");
  std::uint64_t before = reader_.version_stamp("www");
  const auto expect_change = [&](std::string_view what) {
    const std::uint64_t now = reader_.version_stamp("www");
    EXPECT_NE(std::exchange(before, now), now) << what;
  };
  fs::permissions(key, fs::perms::none);
  expect_change("other rights");
  fs::resize_file(chain, 10);
  fs::last_write_time(chain, fs::last_write_time(chain) + std::chrono::seconds(1));
  expect_change("cut short");
  fs::remove(key);
  expect_change("removed");
  point_at("versions/9");
  expect_change("a link to nothing");
}

TEST_F(FileReaderTest, DescribesWhatItsOwnerHasNoRightToReadAsDamaged) {
  fs::permissions(version_file(2, "privkey.pem"), fs::perms::none);
  const auto described = reader_.describe("www").value();
  ASSERT_TRUE(described.damage);
  EXPECT_THAT(described.damage->message(), HasSubstr("privkey.pem"));
  // Root, who starts servers, can read it all the same, and nothing older takes its place.
  if (geteuid() == 0) {
    EXPECT_THAT(described.damage->message(),
                HasSubstr("cannot be read by its owner: its mode is 0000"));
    EXPECT_EQ(described.info.value().number, 2U);
    EXPECT_EQ(damage(), "");
  }
}

TEST_F(FileReaderTest, TellsOneResponseFromAnother) {
  EXPECT_EQ(reader_.response_stamp("www"), 0U);
  EXPECT_EQ(reader_.response_stamp("none"), 0U);
  const std::unique_ptr<Store> store = open_file_store(directory_.path().string()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  const auto keep = [&](VersionNumber version, std::size_t size) {
    ASSERT_TRUE(store->keep_response(*lease, "www", version, std::vector<std::byte>(size)));
  };
  keep(2, 3);
  const std::uint64_t first = reader_.response_stamp("www");
  EXPECT_NE(first, 0U);
  EXPECT_EQ(reader_.response_stamp("www"), first);
  keep(1, 3);
  EXPECT_EQ(reader_.response_stamp("www"), first);
  keep(2, 3);
  EXPECT_NE(reader_.response_stamp("www"), first);
  keep(2, 0);
  EXPECT_EQ(reader_.response_stamp("www"), 0U);
}

TEST_F(FileReaderTest, GivesForStaplingWhatIsGenuineGoodAndInForce) {
  const test::TestAuthority& issuer = test::test_issuing_authority();
  StoredCertificate stored = reader_.load("www").value().certificate.value();
  const crypto::Certificate& leaf = stored.bundle.leaf();
  EXPECT_THAT(staple_of(stored, test::kTestNow), IsEmpty());
  stored.ocsp_response = test::make_test_response(leaf, issuer);
  EXPECT_EQ(staple_of(stored, test::kTestNow), stored.ocsp_response);
  EXPECT_THAT(staple_of(stored, test::kTestNow + 7 * test::kTestDay), IsEmpty());
  stored.ocsp_response =
      test::make_test_response(leaf, issuer, {.status = crypto::OcspStatus::revoked});
  EXPECT_THAT(staple_of(stored, test::kTestNow), IsEmpty());
  stored.ocsp_response.assign(100, std::byte{1});
  EXPECT_THAT(staple_of(stored, test::kTestNow), IsEmpty());
}

TEST_F(FileReaderTest, AResponseThatCannotBeReadIsNoDamage) {
  directory_.write("certificates/www/versions/2/ocsp.der",
                   std::string(crypto::kMostOcspResponse + 1, 'x'));
  EXPECT_EQ(loaded_number(), 2U);
  EXPECT_EQ(damage(), "");
  EXPECT_THAT(reader_.load("www").value().certificate->ocsp_response, IsEmpty());
}

// As an older release installed it; the servers could show nothing after a restart.
TEST_F(FileReaderTest, AVersionThatCannotBePublishedGivesWayToTheOneBeforeIt) {
  const crypto::Bundle good = test::make_test_bundle();
  std::vector<crypto::Certificate> chain = good.chain();
  while (chain.size() <= crypto::kMostPublishedCertificates) {
    chain.push_back(test::test_issuing_authority().certificate);
  }
  const crypto::Bundle large = crypto::Bundle::restore(chain, good.key()).value();
  const std::unique_ptr<Store> store = open_file_store(directory_.path().string()).value();
  const std::unique_ptr<Lease> lease = store->try_lead().value();
  ASSERT_TRUE(store->install(
      *lease, test::let_in("www", large),
      {.bundle = large, .origin = "import", .expected = 2, .keep = 5, .now = test::kTestNow}));
  EXPECT_EQ(reader_.current_version("www"), 3U);
  EXPECT_EQ(loaded_number(), 2U);
  EXPECT_THAT(damage(),
              HasSubstr("versions/3/fullchain.pem: a chain of 17 certificates is too long "
                        "to be published; at most 16 fit"));
}

TEST_F(FileReaderTest, LoadsTheCurrentVersion) {
  EXPECT_EQ(loaded_number(), 2U);
  EXPECT_EQ(damage(), "");
  EXPECT_EQ(reader_.current_version("www"), 2U);
  EXPECT_THAT(reader_.names().value(), ElementsAre("www"));
}

TEST_F(FileReaderTest, NoticesEveryAlteredOrMissingFile) {
  for (const std::string file :
       {"fullchain.pem", "cert.pem", "chain.pem", "privkey.pem", "version"}) {
    const fs::path path = version_file(2, file);
    const std::string content = test::read_whole_file(path);
    std::string altered = content;
    altered[altered.size() / 2] = static_cast<char>(altered[altered.size() / 2] ^ 1);
    for (const std::string& wrong :
         {altered, content.substr(0, content.size() / 2), std::string()}) {
      std::ofstream(path, std::ios::trunc) << wrong;
      EXPECT_EQ(loaded_number(), 1U) << file;
      EXPECT_THAT(damage(), HasSubstr(path.parent_path().string())) << file;
    }
    fs::remove(path);
    EXPECT_EQ(loaded_number(), 1U) << file;
    EXPECT_THAT(damage(), HasSubstr(path.string()));
    std::ofstream(path) << content;
    EXPECT_EQ(loaded_number(), 2U) << file;
  }
}

TEST_F(FileReaderTest, NoticesAVersionUnderAnotherNumber) {
  fs::remove_all(version_file(2, ""));
  fs::copy(version_file(1, ""), version_file(2, ""));
  EXPECT_EQ(loaded_number(), 1U);
  EXPECT_THAT(damage(), HasSubstr("describes another certificate"));
}

TEST_F(FileReaderTest, MendsABrokenPointer) {
  for (const std::string target : {"versions/02", "versions/", "../www/versions/1", "/etc"}) {
    point_at(target);
    EXPECT_EQ(reader_.current_version("www"), 0U) << target;
    EXPECT_EQ(loaded_number(), 2U) << target;
    EXPECT_THAT(damage(), HasSubstr("does not point at versions/N")) << target;
  }
  point_at("versions/9");
  EXPECT_EQ(loaded_number(), 2U);
  EXPECT_THAT(damage(), HasSubstr("versions/9"));
  fs::remove(directory_ / "certificates/www/current");
  directory_.write("certificates/www/current", "2");
  EXPECT_EQ(loaded_number(), 2U);
  EXPECT_THAT(damage(), HasSubstr("not a readable symbolic link"));
}

TEST_F(FileReaderTest, NeverFallsForwardToANewerVersion) {
  point_at("versions/1");
  EXPECT_EQ(loaded_number(), 1U);
  fs::remove(version_file(1, "privkey.pem"));
  EXPECT_EQ(loaded_number(), 0U);
}

TEST_F(FileReaderTest, DamageStaysWithItsEntry) {
  fs::copy(directory_ / "certificates/www", directory_ / "certificates/api",
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  fs::remove_all(directory_ / "certificates/www/versions");
  EXPECT_EQ(loaded_number(), 0U);
  EXPECT_TRUE(reader_.load("api").value().certificate);
  EXPECT_FALSE(reader_.load("api").value().damage);
}

TEST_F(FileReaderTest, RefusesNamesThatLeadElsewhere) {
  for (const std::string name : {"", ".", "..", "../certificates/www", "www/", "/www", ".hidden",
                                 "a b", "a\n", "w\xc3\xa4w"}) {
    const Result<StoreReader::Loaded> loaded = reader_.load(name);
    ASSERT_FALSE(loaded) << name;
    EXPECT_EQ(loaded.error().kind(), ErrorKind::invalid);
    EXPECT_EQ(reader_.current_version(name), 0U);
    EXPECT_FALSE(reader_.history(name));
  }
  EXPECT_FALSE(reader_.load(std::string(129, 'a')));
  EXPECT_TRUE(reader_.load(std::string(128, 'a')));
}

TEST_F(FileReaderTest, AMissingStoreIsAnEmptyOne) {
  const FileReader nowhere(directory_ / "absent");
  EXPECT_FALSE(nowhere.load("www").value().certificate);
  EXPECT_THAT(nowhere.names().value(), IsEmpty());
}

TEST_F(FileReaderTest, ReadsNothingThroughLinksThatSomebodyPlanted) {
  const fs::path versions = directory_ / "certificates/www/versions";
  const fs::path outside = directory_ / "elsewhere";
  fs::create_directory(outside);
  fs::rename(versions / "2", outside / "2");
  fs::create_directory_symlink(outside / "2", versions / "2");
  EXPECT_EQ(loaded_number(), 1U);
  EXPECT_THAT(damage(), HasSubstr("symbolic link"));
  fs::rename(versions, outside / "versions");
  fs::create_directory_symlink(outside / "versions", versions);
  EXPECT_FALSE(reader_.load("www")) << "the store cannot be read there";
}

TEST_F(FileReaderTest, HasNoEntryForAFileThatStraysAmongThem) {
  directory_.write("certificates/notes.txt", "x");
  EXPECT_THAT(reader_.names().value(), ElementsAre("www"));
}

// Bounded by work, not by time: large files are not read, and few old versions are tried.
TEST_F(FileReaderTest, IsNotDelayedByManyLargeVersions) {
  const std::string large(std::size_t{1} << 20U, '-');
  for (int version = 3; version <= 20; ++version) {
    for (const char* file : {"version", "cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"}) {
      directory_.write("certificates/www/versions/" + std::to_string(version) + "/" + file, large);
    }
  }
  point_at("versions/20");
  const StoreReader::Loaded loaded = reader_.load("www").value();
  EXPECT_FALSE(loaded.certificate) << "only a few are tried";
  EXPECT_THAT(loaded.damage->message(), HasSubstr("more than the"));
}

}  // namespace
}  // namespace ccm::store
