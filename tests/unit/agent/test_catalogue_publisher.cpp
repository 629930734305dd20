// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/publishing/catalogue_publisher.h"
#include "publication/reader.h"
#include "publication/writer.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

using publication::KeySlot;

class CataloguePublisherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    writer_ = publication::Writer::create({}, {}, {"edge"}).value();
    reader_ = publication::Reader::open(writer_->open_read_only().value()).value();
    publisher_.emplace(writer_->catalogues(), *store_, log_);
  }
  void install(const std::string& entry, const std::string& name) {
    const crypto::Bundle bundle = test::make_test_bundle(name);
    const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
    ASSERT_TRUE(store_->install(*lease, test::let_in(entry, bundle),
                                {.bundle = bundle,
                                 .origin = "import",
                                 .expected = store_->current_version(entry),
                                 .keep = 3,
                                 .now = test::kTestNow}));
  }
  void forget(const std::string& entry, store::Keep keep) {
    const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
    ASSERT_TRUE(store_->forget(*lease, entry, keep));
  }
  void refresh() {
    do {
      publisher_->refresh(test::kTestNow, clock_.steady_now());
    } while (publisher_->has_more());
  }
  // "ENTRY VERSION", or "nothing".
  std::string shown(const std::string& name) {
    const auto found = reader_->catalogue("edge")->get(name, KeySlot::ecdsa).value();
    if (found == nullptr) return "nothing";
    return found->facts.entry + " " + std::to_string(found->facts.traces.version);
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<store::Store> store_ = store::open_file_store(directory_.path().string()).value();
  std::optional<publication::Writer> writer_;
  std::optional<publication::Reader> reader_;
  test::MemoryLog log_;
  test::FakeClock clock_;
  std::optional<CataloguePublisher> publisher_;
};

TEST_F(CataloguePublisherTest, CertificatesComeChangeAndGo) {
  install("a", "a.example");
  refresh();
  EXPECT_EQ(shown("a.example"), "a 1");
  install("a", "a.example");
  install("b", "b.example");
  EXPECT_EQ(shown("b.example"), "nothing");
  refresh();
  EXPECT_EQ(shown("a.example"), "a 2");
  EXPECT_EQ(shown("b.example"), "b 1");
  forget("a", store::Keep::nothing);
  forget("b", store::Keep::versions);
  refresh();
  EXPECT_EQ(shown("a.example"), "nothing");
  EXPECT_EQ(shown("b.example"), "nothing");
}

TEST_F(CataloguePublisherTest, MoreThanOneStepTakesComesStepByStep) {
  for (std::size_t i = 0; i < CataloguePublisher::kMostLooks + 5; ++i) {
    install("n" + std::to_string(i), "n" + std::to_string(i) + ".example");
  }
  publisher_->refresh(test::kTestNow, clock_.steady_now());
  EXPECT_TRUE(publisher_->has_more());
  EXPECT_EQ(reader_->catalogue("edge")->size(), CataloguePublisher::kMostLooks);
  publisher_->refresh(test::kTestNow, clock_.steady_now());
  EXPECT_FALSE(publisher_->has_more());
  EXPECT_EQ(reader_->catalogue("edge")->size(), CataloguePublisher::kMostLooks + 5);
}

TEST_F(CataloguePublisherTest, WhatAWrongClockKeptBackComesAsSoonAsItIsRight) {
  install("a", "a.example");
  const Time wrong = test::kTestNow - 9999 * test::kTestDay;
  publisher_->refresh(wrong, clock_.steady_now());
  EXPECT_EQ(shown("a.example"), "nothing");
  refresh();
  EXPECT_EQ(shown("a.example"), "nothing") << "nobody has said that anything is new";
  publisher_->clock_was_set();
  refresh();
  EXPECT_EQ(shown("a.example"), "a 1");
}

TEST_F(CataloguePublisherTest, ADamagedVersionDoesNotTakeThePlaceOfWhatIsShown) {
  install("a", "a.example");
  install("b", "b.example");
  refresh();
  install("a", "a.example");
  directory_.write("certificates/a/versions/2/privkey.pem", "x");
  refresh();
  EXPECT_EQ(shown("a.example"), "a 1");
  EXPECT_EQ(shown("b.example"), "b 1");
  // It is said once.
  refresh();
  install("a", "a.example");
  refresh();
  EXPECT_EQ(shown("a.example"), "a 3");
}

TEST_F(CataloguePublisherTest, WhatChangedBehindTheStoresBackIsFoundInARound) {
  install("a", "a.example");
  install("b", "b.example");
  refresh();
  std::filesystem::remove_all(directory_.path() / "certificates" / "a");
  refresh();
  EXPECT_EQ(shown("a.example"), "a 1");
  clock_.advance(CataloguePublisher::kRound);
  refresh();
  EXPECT_EQ(shown("a.example"), "nothing");
  EXPECT_EQ(shown("b.example"), "b 1");
}

TEST_F(CataloguePublisherTest, WhatIsAboutToBePutBackStays) {
  bool has_copy = true;
  publisher_.emplace(writer_->catalogues(), *store_, log_, std::span<const config::CatalogueSpec>(),
                     [&](const std::string& entry) { return has_copy && entry == "a"; });
  install("a", "a.example");
  install("b", "b.example");
  install("c", "c.example");
  refresh();
  std::filesystem::remove_all(directory_.path() / "certificates" / "a");
  std::filesystem::remove_all(directory_.path() / "certificates" / "b");
  clock_.advance(CataloguePublisher::kRound);
  refresh();
  EXPECT_EQ(shown("a.example"), "a 1");
  EXPECT_EQ(shown("b.example"), "nothing");
  has_copy = false;
  clock_.advance(CataloguePublisher::kRound);
  refresh();
  EXPECT_EQ(shown("a.example"), "nothing");
}

TEST_F(CataloguePublisherTest, WhatTheStoreHasLostAsAWholeStays) {
  install("a", "a.example");
  install("b", "b.example");
  refresh();
  std::filesystem::rename(directory_ / "certificates", directory_ / "away");
  for (int round = 0; round < 2; ++round) {
    clock_.advance(CataloguePublisher::kRound);
    refresh();
  }
  EXPECT_EQ(shown("a.example"), "a 1");
  EXPECT_THAT(log_.errors(), testing::ElementsAre(testing::HasSubstr("has lost all certificates")));
  std::filesystem::rename(directory_ / "away", directory_ / "certificates");
  install("c", "c.example");
  clock_.advance(CataloguePublisher::kRound);
  refresh();
  EXPECT_EQ(shown("b.example"), "b 1");
  EXPECT_EQ(shown("c.example"), "c 1");
  // Nothing is lost when the leader forgets the last ones.
  const std::unique_ptr<store::Lease> lease = store_->try_lead().value();
  refresh();
  for (const char* entry : {"a", "b", "c"}) {
    ASSERT_TRUE(store_->forget(*lease, entry, store::Keep::nothing));
  }
  refresh();
  EXPECT_EQ(shown("c.example"), "nothing");
}

// A store of many entries of which none has a version; counts how often it is asked for one.
class EmptyEntries : public store::FileReader {
 public:
  EmptyEntries(const std::filesystem::path& path, std::size_t count) : FileReader(path.string()) {
    for (std::size_t i = 0; i < count; ++i) names_.push_back("n" + std::to_string(i));
  }
  Result<std::vector<std::string>> names() const override { return names_; }
  store::VersionNumber current_version(const std::string&) const noexcept override {
    ++looks_;
    return 0;
  }
  std::size_t looks() const noexcept { return std::exchange(looks_, 0); }

 private:
  std::vector<std::string> names_;
  mutable std::size_t looks_ = 0;
};

TEST_F(CataloguePublisherTest, AMinuteOfTurnsCostsTheSameHoweverManyThereAre) {
  // A store that has never changed cannot tell what has changed.
  install("a", "a.example");
  for (const std::size_t count : {3'000U, 30'000U}) {
    const EmptyEntries entries(directory_.path(), count);
    publisher_.emplace(writer_->catalogues(), entries, log_);
    refresh();
    EXPECT_EQ(entries.looks(), count) << "the first look is at all";
    for (int second = 0; second < 60; ++second) {
      clock_.advance(Seconds(1));
      refresh();
    }
    EXPECT_EQ(entries.looks(), 60 * CataloguePublisher::kMostTurns);
  }
}

}  // namespace
}  // namespace ccm::agent
