// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/publishing/snapshot_keeper.h"
#include "base/file.h"
#include "config/input/settings.h"
#include "publication/codec.h"
#include "store/catalogue_membership.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/host/snapshot_file.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/full_disk.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

// Something happens while the keeper reads a certificate.
class ReaderWithEvent final : public store::FileReader {
 public:
  using FileReader::FileReader;
  Result<Loaded> load_again(const std::string& name) const override {
    Result<Loaded> loaded = FileReader::load_again(name);
    if (const auto event = std::exchange(on_read, {})) event();
    return loaded;
  }

  // Only for a file that is written anew.
  Result<std::vector<std::string>> names() const override {
    ++lists;
    return FileReader::names();
  }

  mutable std::function<void()> on_read;
  mutable int lists = 0;
};

class SnapshotKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    configure();
    begin();
  }
  void configure_catalogue() {
    configure([](config::Settings& settings) {
      ASSERT_TRUE(settings.set("catalogue", {"edge", "source=store"}, {}));
    });
  }
  void configure(const std::function<void(config::Settings& settings)>& further = {}) {
    file_.reset();
    config::Settings settings;
    ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
    ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    for (const std::string name : {"a", "b", "c"}) {
      ASSERT_TRUE(settings.add_certificate(name, {}));
      ASSERT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
      ASSERT_TRUE(settings.set_in(name, "names", {name + ".example.com"}, {}));
    }
    if (further) further(settings);
    config_ = settings.finalize().value();
  }
  // What the next leader does.
  void begin() {
    file_.emplace(SnapshotFile::Parts{*config_, reader_, path(), clock_, log_});
    file_->bring_up_to_date();
  }
  std::string path() const { return directory_.path().string(); }
  // The serial of what is installed.
  std::string install(const std::string& name) {
    const crypto::Bundle bundle = test::make_test_bundle(name + ".example.com");
    EXPECT_TRUE(store_->install(*lease_, test::let_in(name, bundle),
                                {.bundle = bundle,
                                 .origin = "import",
                                 .expected = store_->current_version(name),
                                 .keep = 3,
                                 .now = test::kTestNow}));
    return bundle.leaf().serial();
  }
  publication::Snapshot snapshot() const {
    auto content = store::read_snapshot(path());
    return content ? publication::Snapshot::parse(*std::move(content)) : publication::Snapshot();
  }
  std::string kept(const std::string& name) const {
    const publication::Snapshot all = snapshot();
    const auto* entry = all.find(name);
    return entry == nullptr ? "none"
                            : publication::decode(entry->value).value().bundle.leaf().serial();
  }
  std::string value(const std::string& name) const {
    const publication::Snapshot all = snapshot();
    const auto bytes = all.find(name)->value;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string text() const { return std::string(store::read_snapshot(path())->reveal()); }
  ino_t inode() const {
    struct stat facts {};
    return stat(store::snapshot_path(path()).c_str(), &facts) == 0 ? facts.st_ino : 0;
  }
  // In a way that only a reader of the file finds.
  void damage(const std::string& name, int version = 1) {
    const auto key =
        directory_ / fmt::format("certificates/{}/versions/{}/privkey.pem", name, version);
    const auto written = std::filesystem::last_write_time(key);
    std::ofstream(key) << "x";
    std::filesystem::last_write_time(key, written);
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<store::Store> store_ = store::open_file_store(directory_.path().string()).value();
  std::unique_ptr<store::Lease> lease_ = store_->try_lead().value();
  // Not the store, which knows what it has just written without reading it.
  store::FileReader reader_{directory_.path().string()};
  test::FakeClock clock_{test::kTestNow};
  test::MemoryLog log_;
  std::optional<config::Config> config_;
  std::optional<SnapshotFile> file_;
};

TEST_F(SnapshotKeeperTest, HoldsWhatIsInstalledAndGrowsWithAChange) {
  const std::string a = install("a");
  const std::string b = install("b");
  begin();
  const ino_t first = inode();
  EXPECT_EQ(kept("a"), a);
  EXPECT_EQ(kept("b"), b);
  EXPECT_EQ(kept("c"), "none");
  EXPECT_EQ(snapshot().find("a")->version, 1U);
  EXPECT_EQ(snapshot().find("a")->names, std::vector<std::string>{"a.example.com"});
  const std::string old_value = value("a");
  const std::string newer = install("a");
  file_->note("a");
  EXPECT_EQ(kept("a"), newer);
  EXPECT_EQ(text().find(old_value), std::string::npos) << "the superseded key is gone";
  EXPECT_EQ(snapshot().find("a")->version, 2U);
  EXPECT_EQ(inode(), first) << "the rest was not written again";
  const std::size_t size = snapshot().total();
  file_->note("a");
  file_->note("b");
  file_->note("nobody");
  EXPECT_EQ(snapshot().total(), size) << "nothing has changed";
  EXPECT_EQ(log_.text(), "");
}

TEST_F(SnapshotKeeperTest, AFileOfAnotherFormatIsReplaced) {
  ASSERT_TRUE(store::replace_snapshot(
      path(), Secret::copy_of(std::string(publication::kSnapshotHead.size(), '?'))));
  begin();
  EXPECT_EQ(text(), publication::kSnapshotHead);
}

TEST_F(SnapshotKeeperTest, TheNextLeaderReadsWhatIsNewOnly) {
  install("a");
  begin();
  const ino_t first = inode();
  // It would be found if it were read.
  damage("a");
  begin();
  EXPECT_EQ(inode(), first) << "it was true already";
  const std::string b = install("b");
  begin();
  EXPECT_NE(kept("a"), "none");
  EXPECT_EQ(kept("b"), b);
}

TEST_F(SnapshotKeeperTest, WhatIsDamagedOrRefusedStaysOut) {
  install("a");
  damage("a");
  install("b");
  begin();
  EXPECT_EQ(kept("a"), "none");
  EXPECT_NE(kept("b"), "none");
  clock_.set(test::kTestNow + 4000 * test::kTestDay);
  install("c");
  file_->note("c");
  EXPECT_EQ(kept("c"), "none") << "it has ended";
}

TEST_F(SnapshotKeeperTest, LeavesNoKeyOfWhatIsForgotten) {
  install("a");
  const std::string b = install("b");
  begin();
  ASSERT_TRUE(store_->forget(*lease_, "a", store::Keep::nothing));
  EXPECT_EQ(snapshot().size(), 0U);
  file_->note("a");
  EXPECT_EQ(kept("a"), "none");
  EXPECT_EQ(kept("b"), b);
}

TEST_F(SnapshotKeeperTest, WhatIsForgottenWhileItIsWrittenNeverAppears) {
  install("a");
  const std::string b = install("b");
  const ReaderWithEvent reader(path());
  reader.on_read = [this] { ASSERT_TRUE(store_->forget(*lease_, "a", store::Keep::nothing)); };
  file_.emplace(SnapshotFile::Parts{*config_, reader, path(), clock_, log_});
  file_->bring_up_to_date();
  EXPECT_FALSE(std::filesystem::exists(store::snapshot_path(path())));
  EXPECT_TRUE(file_->owes_all());
  file_->catch_up();
  EXPECT_EQ(kept("a"), "none");
  EXPECT_EQ(kept("b"), b);
  EXPECT_EQ(log_.text(), "") << "nobody needs to do anything";
}

TEST_F(SnapshotKeeperTest, KeepsTheCopyOfWhatTheStoreHasLost) {
  const std::string a = install("a");
  install("b");
  begin();
  std::filesystem::rename(directory_ / "certificates", directory_ / "away");
  file_->note("a");
  begin();
  EXPECT_EQ(kept("a"), a);
  const std::string b = install("b");
  file_->note("b");
  EXPECT_EQ(kept("b"), b);
  EXPECT_EQ(kept("a"), a);
  directory_.write("certificates/b/versions/1/privkey.pem", "x");
  begin();
  EXPECT_EQ(kept("b"), b) << "the store's own is damaged";
  clock_.set(test::kTestNow + 4000 * test::kTestDay);
  begin();
  EXPECT_EQ(kept("a"), "none") << "nobody needs what has ended";
}

TEST_F(SnapshotKeeperTest, IsWrittenAnewBeforeItIsMostlyWaste) {
  install("a");
  begin();
  std::size_t largest = 0;
  for (int i = 0; i < 400; ++i) {
    install("a");
    file_->note("a");
    largest = std::max(largest, snapshot().total());
  }
  EXPECT_LT(largest, 300U << 10U);
  EXPECT_EQ(snapshot().find("a")->version, 401U);
}

TEST_F(SnapshotKeeperTest, NoticesAnotherVersionOfTheSameNumber) {
  install("a");
  begin();
  ASSERT_TRUE(remove_tree(path() + "/certificates/a"));
  const std::string again = install("a");
  ASSERT_EQ(store_->current_version("a"), 1U);
  file_->note("a");
  EXPECT_EQ(kept("a"), again);
}

TEST_F(SnapshotKeeperTest, AFullDiskIsSaidOnceAndHarmsNothing) {
  install("a");
  {
    const test::FullDisk full(100);
    begin();
  }
  install("a");
  {
    const test::FullDisk full(100);
    file_->note("a");
  }
  EXPECT_EQ(kept("a"), "none");
  const std::string said = log_.text();
  EXPECT_NE(said.find("keep the snapshot"), std::string::npos);
  EXPECT_EQ(said.find("keep the snapshot"), said.rfind("keep the snapshot"));
  const std::string newer = install("a");
  file_->note("a");
  EXPECT_EQ(kept("a"), newer);
}

TEST_F(SnapshotKeeperTest, KeepsTheOldEntryOfWhatDoesNotFit) {
  const std::string a = install("a");
  begin();
  const std::string before = text();
  install("a");
  {
    const test::FullDisk full(before.size() + 10);
    file_->note("a");
  }
  EXPECT_EQ(text(), before) << "it is not current any more, so nobody believes it";
  const std::string newer = install("a");
  file_->note("a");
  EXPECT_EQ(kept("a"), newer);
}

// With a catalogue, because nobody else asks.
TEST_F(SnapshotKeeperTest, SaysUpToWhenItIsUpToDate) {
  const store::Revision first{.life = 1, .number = 5};
  install("a");
  begin();
  file_->reached(first);
  EXPECT_FALSE(snapshot().moment()) << "there is no catalogue";
  configure_catalogue();
  begin();
  EXPECT_FALSE(snapshot().moment());
  file_->reached(first);
  EXPECT_EQ(snapshot().moment(), (publication::SnapshotMoment{.life = 1, .number = 5}));
  const ino_t before = inode();
  const std::string said = text();
  begin();
  file_->reached(first);
  EXPECT_EQ(text(), said) << "the next leader has nothing to add";
  EXPECT_EQ(inode(), before);
}

// So a start need not ask which of them were forgotten.
TEST_F(SnapshotKeeperTest, LeavesOutWhatWasForgottenUnlessAConfigurationNamesIt) {
  configure_catalogue();
  for (const std::string name : {"a", "x", "y"}) install(name);
  begin();
  for (const std::string name : {"a", "x"}) {
    ASSERT_TRUE(store_->forget(*lease_, name, store::Keep::versions));
    file_->note(name);
  }
  file_->catch_up();
  file_->reached({.life = 1, .number = 1});
  EXPECT_NE(kept("a"), "none");
  EXPECT_EQ(kept("x"), "none");
  EXPECT_NE(kept("y"), "none");
  EXPECT_TRUE(snapshot().moment());
  ASSERT_TRUE(store_->forget(*lease_, "y", store::Keep::versions));
  begin();
  EXPECT_EQ(kept("y"), "none") << "no leader was there to be told";
}

// A new file is written for the first of them, and has other certificates where they were.
TEST_F(SnapshotKeeperTest, WipesNothingElseWhenSeveralAreForgottenAtOnce) {
  configure_catalogue();
  for (const std::string name : {"m", "n", "y"}) install(name);
  const std::string z = install("z");
  begin();
  ASSERT_TRUE(remove_tree(path() + "/certificates/z"));
  for (const std::string name : {"m", "n"}) {
    ASSERT_TRUE(store_->forget(*lease_, name, store::Keep::versions));
  }
  for (const std::string name : {"m", "n"}) file_->note(name);
  file_->catch_up();
  EXPECT_EQ(kept("m"), "none");
  EXPECT_EQ(kept("n"), "none");
  EXPECT_NE(kept("y"), "none");
  EXPECT_EQ(kept("z"), z) << "the store has lost it, so this is the last copy";
}

// The store also tells of records, such as that of an import that was refused.
TEST_F(SnapshotKeeperTest, WritesNothingAnewForWhatItNeverHad) {
  configure_catalogue();
  install("x");
  install("y");
  ASSERT_TRUE(store_->forget(*lease_, "x", store::Keep::versions));
  const ReaderWithEvent reader(path());
  file_.emplace(SnapshotFile::Parts{*config_, reader, path(), clock_, log_});
  file_->bring_up_to_date();
  const int before = reader.lists;
  for (const std::string name : {"x", "nobody", "y"}) file_->note(name);
  EXPECT_EQ(reader.lists, before);
}

// So a start need not read the record of each.
TEST_F(SnapshotKeeperTest, SaysWhichCataloguesOfAnAccountShowAnEntry) {
  using Selections = std::vector<std::string>;
  const auto select = [this](const Selections& selections) {
    ASSERT_TRUE(store::write_membership(
        *store_, *lease_, "x", {.id = "x", .mark = "m", .names = {}, .selections = selections}));
    if (file_) file_->note("x");
  };
  const auto selections = [this](const std::string& name) {
    return snapshot().find(name)->selections;
  };
  install("x");
  install("y");
  configure_catalogue();
  begin();
  EXPECT_EQ(selections("x"), std::nullopt) << "that of the store shows everything";
  configure([](config::Settings& settings) {
    ASSERT_TRUE(settings.set("catalogue", {"edge", "source=scm"}, {}));
  });
  select({"scm"});
  begin();
  EXPECT_EQ(selections("x"), Selections{"scm"}) << "known, of a file that says nothing of it";
  EXPECT_EQ(selections("y"), Selections());
  const std::string said = text();
  begin();
  EXPECT_EQ(text(), said);
  select({"scm", "scm tag=env:prod"});
  EXPECT_EQ(selections("x"), (Selections{"scm", "scm tag=env:prod"}));
  select({});
  EXPECT_EQ(selections("x"), Selections());
  EXPECT_EQ(snapshot().find("x")->version, 1U);
}

TEST_F(SnapshotKeeperTest, SaysNothingOfTheKindOfAFileThatCouldNotBeWrittenAnew) {
  configure_catalogue();
  install("a");
  begin();
  file_->reached({.life = 1, .number = 1});
  install("a");
  install("b");  // the whole is larger than the file that is there
  {
    const test::FullDisk full(text().size() + 300);  // a moment fits, the whole does not
    file_->bring_up_to_date();
    file_->reached({.life = 1, .number = 2});
  }
  EXPECT_EQ(snapshot().moment()->number, 1U);
  EXPECT_TRUE(file_->owes_all());
  file_->bring_up_to_date();
  file_->reached({.life = 1, .number = 3});
  EXPECT_EQ(snapshot().moment()->number, 3U);
}

TEST_F(SnapshotKeeperTest, SaysNothingOfTheKindWhileAnEntryIsOutOfDate) {
  configure_catalogue();
  install("a");
  begin();
  file_->reached({.life = 1, .number = 1});
  install("a");
  {
    const test::FullDisk full(text().size() + 10);
    file_->note("a");
  }
  file_->reached({.life = 1, .number = 2});
  EXPECT_EQ(snapshot().moment()->number, 1U);
  file_->bring_up_to_date();
  file_->reached({.life = 1, .number = 3});
  EXPECT_EQ(snapshot().moment()->number, 3U);
  install("a");
  damage("a", 3);
  file_->note("a");
  file_->reached({.life = 1, .number = 4});
  EXPECT_EQ(snapshot().moment()->number, 3U) << "the store cannot give it";
  begin();
  file_->reached({.life = 1, .number = 5});
  EXPECT_EQ(snapshot().moment()->number, 3U) << "nor to the next leader";
}

TEST_F(SnapshotKeeperTest, MomentsDoNotPileUp) {
  configure_catalogue();
  install("a");
  begin();
  std::size_t largest = 0;
  for (std::uint64_t number = 1; number < 6000; ++number) {
    file_->reached({.life = 1, .number = number});
    if (number % 100 == 0) largest = std::max(largest, snapshot().total());
  }
  EXPECT_LT(largest, 300U << 10U);
  EXPECT_EQ(snapshot().moment()->number, 5999U);
}

TEST_F(SnapshotKeeperTest, MendsADamagedOne) {
  const std::string a = install("a");
  begin();
  directory_.write("snapshot", text().substr(0, text().size() - 1));
  EXPECT_EQ(kept("a"), "none");
  begin();
  EXPECT_EQ(kept("a"), a);
}

}  // namespace
}  // namespace ccm::agent
