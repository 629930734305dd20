// SPDX-License-Identifier: Apache-2.0
// A new leader, its snapshot and what it does about the differences to the store.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/publishing/last_copies.h"
#include "agent/publishing/snapshot_keeper.h"
#include "agent/store_mender.h"
#include "base/file.h"
#include "config/input/settings.h"
#include "lifecycle/attempt/installer.h"
#include "store/file_store/file_store.h"
#include "store/host/snapshot_file.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreMenderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config::Settings settings;
    ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
    ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    ASSERT_TRUE(settings.add_certificate("www", {}));
    ASSERT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
    ASSERT_TRUE(settings.set("catalogue", {"all", "source=store"}, {}));
    auto config = settings.finalize();
    ASSERT_TRUE(config) << config.error().message();
    config_ = *std::move(config);
    lead();
  }
  // What the next leader does; `told_` is what it is told of.
  void lead() {
    told_.clear();
    lifecycle_.emplace(lifecycle::Lifecycle::Parts{.config = *config_,
                                                   .store = *store_,
                                                   .source_of = {},
                                                   .clock = clock_,
                                                   .log = log_,
                                                   .launch_id = "launch"});
    lifecycle_->start(*lease_);
    mender_.emplace(
        StoreMender::Parts{*config_, *store_, *lease_, *lifecycle_, clock_, log_, no_events(),
                           [this](const std::string& name) { return copies_.find(name); }});
    file_.emplace(SnapshotFile::Parts{*config_, *store_, path(), clock_, log_,
                                      [this](const std::string& name, store::VersionNumber known) {
                                        told_.push_back(name);
                                        mender_->look_at(name, known);
                                      }});
    file_->bring_up_to_date();
  }
  std::string path() const { return directory_.path().string(); }
  std::string install(const std::string& name) {
    const crypto::Bundle bundle = test::make_test_bundle(name + ".example.com");
    EXPECT_TRUE(store_->install(*lease_, test::let_in(name, bundle),
                                {.bundle = bundle,
                                 .origin = "import",
                                 .expected = store_->current_version(name),
                                 .keep = 3,
                                 .now = test::kTestNow}));
    if (file_) file_->note(name);
    return bundle.leaf().fingerprint();
  }
  std::string stored(const std::string& name) const {
    const auto loaded = store_->load(name).value();
    return loaded.certificate ? loaded.certificate->info.fingerprint : "none";
  }
  // An attempt was made, and the next one is far away.
  void settle() {
    for (const std::string& name : lifecycle_->take_due(clock_.now(), 10)) {
      const lifecycle::PersistedState state{
          .state = lifecycle::Valid{.renew_at = clock_.now() + 10 * test::kTestDay,
                                    .check_at = clock_.now() + Seconds(3600)},
          .spec_fingerprint = config_->find(name)->fingerprint(),
          .launch_id = "launch"};
      ASSERT_TRUE(store_->write_record(*lease_, name, "state",
                                       Secret::copy_of(lifecycle::serialize(state)), 0));
    }
  }
  std::vector<std::string> due() { return lifecycle_->take_due(clock_.now(), 10); }
  void copy_certificates(const std::string& from, const std::string& to) const {
    std::filesystem::copy(
        directory_ / from, directory_ / to,
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<store::Store> store_ = store::open_file_store(directory_.path().string()).value();
  std::unique_ptr<store::Lease> lease_ = store_->try_lead().value();
  test::FakeClock clock_{test::kTestNow};
  test::MemoryLog log_;
  std::optional<config::Config> config_;
  LastCopies copies_{directory_.path().string()};
  std::optional<lifecycle::Lifecycle> lifecycle_;
  std::optional<StoreMender> mender_;
  std::optional<SnapshotFile> file_;
  std::vector<std::string> told_;
};

TEST_F(StoreMenderTest, HasNothingToDoAboutWhatIsAsItWas) {
  install("www");
  install("shop");
  settle();
  lead();
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(due(), IsEmpty());
  install("www");
  EXPECT_THAT(told_, IsEmpty()) << "the leader itself has changed it";
}

TEST_F(StoreMenderTest, ARestoredOlderVersionIsLookedAtAtOnceAndSaid) {
  const std::string first = install("www");
  settle();
  copy_certificates("certificates", "backup");
  install("www");
  ASSERT_TRUE(remove_tree(path() + "/certificates"));
  copy_certificates("backup", "certificates");
  lead();
  EXPECT_THAT(told_, ElementsAre("www"));
  EXPECT_EQ(stored("www"), first) << "a store that has something is believed";
  EXPECT_THAT(due(), ElementsAre("www"));
  EXPECT_THAT(log_.text(), HasSubstr("the store has version 1, but version 2 was installed last"));
}

TEST_F(StoreMenderTest, ARestoredStoreIsLookedAtEvenWhenItsSnapshotIsAsOld) {
  install("www");
  settle();
  copy_certificates("certificates", "backup");
  ASSERT_TRUE(remove_tree(path() + "/certificates"));
  copy_certificates("backup", "certificates");
  lead();
  EXPECT_THAT(due(), ElementsAre("www"));
  EXPECT_EQ(log_.text(), "");
}

TEST_F(StoreMenderTest, PutsBackWhatACatalogueHasLost) {
  const std::string shop = install("shop");
  const std::string mail = install("mail");
  directory_.write("certificates/shop/versions/1/privkey.pem", "x");
  lead();
  EXPECT_EQ(stored("shop"), shop);
  EXPECT_THAT(log_.text(), HasSubstr("the last copy is installed again as version 2"));
  // One of many, as when the agent ended while it put them back.
  std::filesystem::rename(directory_ / "certificates/mail", directory_ / "mail");
  lead();
  EXPECT_EQ(stored("mail"), mail);
  std::filesystem::remove(directory_ / "certificates/mail/current");
  lead();
  EXPECT_EQ(store_->current_version("mail"), 1U);
  // All of it, as when the directory is not mounted.
  std::filesystem::rename(directory_ / "certificates", directory_ / "away");
  lead();
  EXPECT_EQ(stored("shop"), shop);
  EXPECT_EQ(stored("mail"), mail);
  EXPECT_EQ(stored("www"), "none") << "its attempt does that";
}

TEST_F(StoreMenderTest, AVersionThatWasRolledBackDoesNotComeBack) {
  const std::string first = install("shop");
  install("shop");
  ASSERT_TRUE(lifecycle::Installer(*store_, *lease_).roll_back("shop", 1, {}, clock_.now()));
  file_->note("shop");
  const auto link = directory_ / "certificates/shop/current";
  std::filesystem::remove(link);
  lead();
  EXPECT_EQ(stored("shop"), first);
  std::filesystem::remove(link);
  std::filesystem::create_symlink("nowhere", link);
  lead();
  EXPECT_EQ(stored("shop"), first);
}

TEST_F(StoreMenderTest, WhatWasForgottenDoesNotComeBack) {
  install("shop");
  install("mail");
  ASSERT_TRUE(store_->forget(*lease_, "shop", store::Keep::nothing));
  lead();
  EXPECT_EQ(stored("shop"), "none");
  ASSERT_TRUE(store_->forget(*lease_, "mail", store::Keep::nothing));
  lead();
  EXPECT_EQ(stored("mail"), "none") << "the last one";
}

// The keeper read the old file before the certificate was forgotten, and writes it back afterwards.
TEST_F(StoreMenderTest, WhatWasForgottenWhileTheSnapshotWasWrittenDoesNotComeBack) {
  install("mail");
  install("shop");
  lead();
  const std::string before(store::read_snapshot(path())->reveal());
  ASSERT_TRUE(store_->forget(*lease_, "shop", store::Keep::nothing));
  file_.emplace(SnapshotFile::Parts{*config_, *store_, path(), clock_, log_});
  directory_.write("snapshot", before);
  file_->bring_up_to_date();
  file_->note("shop");
  ASSERT_TRUE(store_->forget(*lease_, "mail", store::Keep::nothing));
  file_->note("mail");
  lead();
  EXPECT_EQ(stored("shop"), "none");
  EXPECT_EQ(stored("mail"), "none");
}

// The keeper writes all of so many only now and then.
TEST_F(StoreMenderTest, NothingOfManyThatWasForgottenComesBack) {
  for (int i = 0; i < 101; ++i) install(fmt::format("shop{}", i));
  lead();
  ASSERT_TRUE(store_->forget(*lease_, "shop0", store::Keep::nothing));
  clock_.advance(Seconds(61));
  file_->note("shop0");
  ASSERT_FALSE(file_->owes_all());
  const std::string before(store::read_snapshot(path())->reveal());
  ASSERT_TRUE(store_->forget(*lease_, "shop1", store::Keep::nothing));
  directory_.write("snapshot", before);
  file_->note("shop1");
  ASSERT_TRUE(file_->owes_all());
  lead();
  EXPECT_EQ(stored("shop1"), "none");
  ASSERT_TRUE(store_->forget(*lease_, "shop2", store::Keep::nothing));
  lead();
  EXPECT_EQ(stored("shop2"), "none");
  EXPECT_NE(stored("shop3"), "none");
}

}  // namespace
}  // namespace ccm::agent
