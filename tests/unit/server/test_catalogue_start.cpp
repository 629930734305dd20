// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "config/source_kinds.h"
#include "crypto/verification/serving_rules.h"
#include "publication/codec.h"
#include "server/start/catalogue_start.h"
#include "store/catalogue_membership.h"
#include "store/catalogued.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/host/snapshot_file.h"
#include "support/admission.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::server {
namespace {

using test::kTestNow;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Remembers of which entries somebody has asked the file system.
class AskedReader : public store::FileReader {
 public:
  using FileReader::FileReader;

  store::VersionNumber current_version(const std::string& name) const noexcept override {
    asked.insert(name);
    return FileReader::current_version(name);
  }
  std::uint64_t version_stamp(const std::string& name) const noexcept override {
    asked.insert(name);
    return FileReader::version_stamp(name);
  }
  std::uint64_t response_stamp(const std::string& name) const noexcept override {
    asked.insert(name);
    return FileReader::response_stamp(name);
  }
  Result<std::optional<store::StoredRecord>> read_record(std::string_view name,
                                                         std::string_view kind) const override {
    asked.emplace(name);
    return FileReader::read_record(name, kind);
  }

  mutable std::set<std::string> asked;
};

class CatalogueStartTest : public testing::Test {
 protected:
  void SetUp() override { writer_ = publication::Writer::create({}, {}, {"edge"}).value(); }
  crypto::Bundle install_by(const store::Lease& lease, const std::string& entry) {
    crypto::Bundle bundle = test::make_test_bundle(entry + ".example.com");
    EXPECT_TRUE(store_->install(lease, test::let_in(entry, bundle),
                                {.bundle = bundle,
                                 .origin = "scm:" + entry,
                                 .expected = store_->current_version(entry),
                                 .keep = 3,
                                 .now = kTestNow}));
    return bundle;
  }
  // The snapshot is up to date until now.
  void note_moment() {
    const store::Revision now = store_->changes_since({}).revision;
    snapshot_ += publication::encode_moment({.life = now.life, .number = now.number}).reveal();
  }
  // Into the snapshot as well.
  void install(const std::string& entry) {
    const auto lease = store_->try_lead().value();
    const crypto::Bundle bundle = install_by(*lease, entry);
    ASSERT_TRUE(store::write_membership(
        *store_, *lease, entry,
        {.id = entry, .mark = "m", .names = {}, .selections = selections_}));
    const Secret value = publication::encode({.bundle = bundle, .ocsp_response = {}}).value();
    snapshot_ += publication::encode_entry({.name = entry,
                                            .version = store_->current_version(entry),
                                            .stamp = store_->version_stamp(entry),
                                            .rules = crypto::kServingRules,
                                            .begin = bundle.leaf().not_before(),
                                            .end = bundle.leaf().not_after(),
                                            .names = bundle.leaf().names(),
                                            .value = value.bytes(),
                                            .origin = "scm:" + entry,
                                            .selections = selections_})
                     .reveal();
    ASSERT_TRUE(store::replace_snapshot(path(), Secret::copy_of(snapshot_)));
  }
  // A start, and with the same writer a reload.
  void fill() {
    const Shortcuts shortcuts(reader_, path(), kTestNow);
    const std::vector<config::CatalogueSpec> specs{spec_};
    fill_catalogues({.writer = *writer_,
                     .store = reader_,
                     .entries = reader_.names(),
                     .specs = specs,
                     .now = kTestNow,
                     .shortcuts = &shortcuts},
                    log_);
  }
  std::vector<std::string> shown() { return writer_->catalogues().front()->entries(); }
  void lose(const std::string& entry) {
    ASSERT_TRUE(remove_tree(path() + "/certificates/" + entry));
  }
  std::string path() const { return directory_.path().string(); }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<store::Store> store_ = store::open_file_store(path()).value();
  AskedReader reader_{path()};
  std::optional<publication::Writer> writer_;
  config::CatalogueSpec spec_{.name = "edge", .kind = config::find_source_kind("scm")};
  std::vector<std::string> selections_{spec_.selection()};  // that show what is installed
  std::string snapshot_{publication::kSnapshotHead};
  test::MemoryLog log_;
};

TEST_F(CatalogueStartTest, WhatAnAccountsCatalogueShowedStaysWhenTheStoreLosesIt) {
  install("a");
  install("b");
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b"));
  EXPECT_THAT(log_.errors(), IsEmpty());
  lose("a");
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b"));
  EXPECT_THAT(log_.errors(),
              ElementsAre(HasSubstr("has lost certificates; what was shown before")));
}

TEST_F(CatalogueStartTest, WhatWasForgottenGoes) {
  install("a");
  install("b");
  fill();
  {
    const auto lease = store_->try_lead().value();
    ASSERT_TRUE(store_->forget(*lease, "a", store::Keep::nothing));
  }
  fill();
  EXPECT_THAT(shown(), ElementsAre("b"));
  EXPECT_THAT(log_.errors(), IsEmpty());
}

// The account may have revoked it since, and nobody would take it out again without its record.
TEST_F(CatalogueStartTest, AStartShowsNoLostCertificateOfAnAccount) {
  install("a");
  install("b");
  lose("a");
  fill();
  EXPECT_THAT(shown(), ElementsAre("b"));
  spec_.kind = nullptr;
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b")) << "one of the store shows everything";
}

// What was changed behind the store's back is the agent's to find.
TEST_F(CatalogueStartTest, OnlyWhatHasChangedSinceTheSnapshotIsLookedAt) {
  install("a");
  install("b");
  install("c");
  const auto lease = store_->try_lead().value();
  note_moment();
  const std::uint64_t before = store_->version_stamp("a");
  std::filesystem::last_write_time(directory_ / "certificates/a/current/privkey.pem",
                                   std::filesystem::file_time_type::clock::now());
  ASSERT_NE(store_->version_stamp("a"), before);
  install_by(*lease, "b");
  ASSERT_TRUE(store_->forget(*lease, "c", store::Keep::versions));
  ASSERT_TRUE(store::replace_snapshot(path(), Secret::copy_of(snapshot_)));
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b"));
  const auto& catalogue = *writer_->catalogues().front();
  EXPECT_EQ(catalogue.find("a")->stamp, before);
  EXPECT_EQ(catalogue.find("b")->version, 2U);
}

// As after the death of the leader between the mark and the line about it.
TEST_F(CatalogueStartTest, AForgottenCertificateOfWhichTheStoreCouldNotTellIsTheAgentsToFind) {
  install("a");
  const auto lease = store_->try_lead().value();
  note_moment();
  ASSERT_TRUE(store::replace_snapshot(path(), Secret::copy_of(snapshot_)));
  std::filesystem::copy(directory_ / "changes", directory_ / "before");
  ASSERT_TRUE(store_->forget(*lease, "a", store::Keep::versions));
  std::filesystem::rename(directory_ / "before", directory_ / "changes");
  fill();
  EXPECT_THAT(shown(), ElementsAre("a"));
  EXPECT_EQ(store::traces_of(reader_, "a").version, 0U) << "what the agent goes by";
}

// Neither for a catalogue of an account nor for one of the store.
TEST_F(CatalogueStartTest, TheFileSystemIsNotAskedAboutTheRest) {
  for (const std::string entry : {"a", "b", "c"}) install(entry);
  {
    const auto lease = store_->try_lead().value();
    note_moment();
    ASSERT_TRUE(store::replace_snapshot(path(), Secret::copy_of(snapshot_)));
    install_by(*lease, "c");
  }
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(reader_.asked, ElementsAre("a", "c")) << "and about one, whether the store is bare";
  reader_.asked.clear();
  spec_.kind = nullptr;
  SetUp();
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(reader_.asked, ElementsAre("a", "c"));
}

TEST_F(CatalogueStartTest, ACatalogueOfAnAccountShowsWhatTheSnapshotSaysItSelects) {
  install("a");
  selections_ = {"scm tag=env:prod"};
  install("b");
  const auto lease = store_->try_lead().value();
  note_moment();
  ASSERT_TRUE(store::replace_snapshot(path(), Secret::copy_of(snapshot_)));
  fill();
  EXPECT_THAT(shown(), ElementsAre("a"));
  EXPECT_THAT(reader_.asked, ElementsAre("a")) << "whether the store is bare";
  ASSERT_TRUE(store::write_membership(
      *store_, *lease, "b",
      {.id = "b", .mark = "m", .names = {}, .selections = {spec_.selection()}}));
  fill();
  EXPECT_THAT(shown(), ElementsAre("a", "b")) << "the store tells of its records, too";
}

TEST_F(CatalogueStartTest, InAnotherLifeOfTheStoreAllIsLookedAt) {
  install("a");
  note_moment();
  ASSERT_TRUE(store::replace_snapshot(path(), Secret::copy_of(snapshot_)));
  ASSERT_TRUE(store_->try_lead().value());
  std::filesystem::last_write_time(directory_ / "certificates/a/current/privkey.pem",
                                   std::filesystem::file_time_type::clock::now());
  fill();
  EXPECT_EQ(writer_->catalogues().front()->find("a")->stamp, store_->version_stamp("a"));
}

}  // namespace
}  // namespace ccm::server
