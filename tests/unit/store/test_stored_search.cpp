// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "base/file.h"
#include "crypto/verification/serving_rules.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/file_store/version_files.h"
#include "store/stored_search.h"
#include "support/admission.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::store {
namespace {

using test::kTestDay;
using test::kTestNow;

class StoredSearchTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  void install(const std::string& entry, const Names& names, Seconds life,
               const std::string& origin = "scm:1") {
    const auto& issuing = test::test_issuing_authority();
    const auto leaf = test::make_test_leaf(
        issuing,
        {.names = names, .not_before = kTestNow - 10 * kTestDay, .not_after = kTestNow + life});
    const auto bundle =
        crypto::Bundle::make({leaf.certificate, issuing.certificate}, leaf.key).value();
    const std::unique_ptr<Lease> lease = store_->try_lead().value();
    ASSERT_TRUE(store_->install(*lease, test::let_in(entry, bundle),
                                {.bundle = bundle,
                                 .origin = origin,
                                 .expected = store_->current_version(entry),
                                 .keep = 5,
                                 .now = kTestNow}));
  }
  // "entry/version" of what is found; empty for nothing.
  static std::string text(const std::optional<StoredSearch::Found>& found) {
    if (!found) return "";
    return found->entry + "/" + std::to_string(found->certificate.info.number);
  }
  std::string find(const Names& names, const std::string& entry = "new",
                   const std::string& origin = "scm:",
                   std::optional<crypto::KeyType> key = std::nullopt) {
    StoredSearch search(reader_, kTestNow);
    return text(search.find({.names = names, .key = key, .origin = origin, .entry = entry}));
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<Store> store_ = open_file_store(directory_.path()).value();
  FileReader reader_{directory_.path()};
};

TEST_F(StoredSearchTest, FindsWhatCoversAllNamesWhateverItsEntry) {
  EXPECT_EQ(find({"a.example.com"}), "");
  install("a.example.com", {"a.example.com", "b.example.com"}, 30 * kTestDay);
  EXPECT_EQ(find({"b.example.com", "a.example.com"}), "a.example.com/1");
  EXPECT_EQ(find({"b.example.com", "c.example.com"}), "");
  install("wild", {"*.example.com"}, 20 * kTestDay);
  EXPECT_EQ(find({"b.example.com", "c.example.com"}), "wild/1");
}

TEST_F(StoredSearchTest, TakesTheRightKeyAndOriginThenItsOwnThenTheLatestEnd) {
  install("short", {"a.example.com"}, 10 * kTestDay);
  install("long", {"a.example.com"}, 30 * kTestDay);
  install("private", {"a.example.com"}, 90 * kTestDay, "pca:issuer/1");
  EXPECT_EQ(find({"a.example.com"}), "long/1");
  EXPECT_EQ(find({"a.example.com"}, "short"), "short/1");
  EXPECT_EQ(find({"a.example.com"}, "new", "pca:issuer/"), "private/1");
  EXPECT_EQ(find({"a.example.com"}, "new", "pca:other/"), "private/1") << "the latest end";
  const crypto::KeyType other{crypto::KeyAlgorithm::rsa, 4096};
  EXPECT_EQ(find({"a.example.com"}, "new", "scm:", other), "long/1") << "better than none";
}

TEST_F(StoredSearchTest, TakesNothingThatIsNotInForceOrDamaged) {
  install("expired", {"a.example.com"}, -kTestDay);
  EXPECT_EQ(find({"a.example.com"}), "");
  install("good", {"a.example.com"}, 10 * kTestDay);
  install("better", {"a.example.com"}, 30 * kTestDay);
  EXPECT_EQ(find({"a.example.com"}), "better/1");
  directory_.write("certificates/better/versions/1/privkey.pem", "scribble");
  EXPECT_EQ(find({"a.example.com"}), "good/1");
}

TEST_F(StoredSearchTest, LooksAtOlderVersionsWhenNoCurrentOneFits) {
  install("a", {"a.example.com", "b.example.com"}, 30 * kTestDay);
  install("a", {"a.example.com"}, 60 * kTestDay);
  EXPECT_EQ(find({"b.example.com"}), "a/1");
  EXPECT_EQ(find({"a.example.com"}), "a/2");
}

TEST_F(StoredSearchTest, KnowsWhichCoversMostAndWhichNamesWereCovered) {
  install("one", {"a.example.com"}, 30 * kTestDay);
  install("two", {"a.example.com", "b.example.com"}, 20 * kTestDay);
  install("old", {"z.example.com"}, -kTestDay);
  StoredSearch search(reader_, kTestNow);
  const Names names{"a.example.com", "b.example.com", "c.example.com"};
  EXPECT_EQ(text(search.find_part({.names = names, .key = {}, .origin = "", .entry = ""})),
            "two/1");
  EXPECT_TRUE(search.knows({"z.example.com"}));
  EXPECT_FALSE(search.knows({"y.example.com"}));
}

// As an older release, with fewer rules, would have left it: whole, with checksums that fit.
class LeftByAnOlderRelease : public StoredSearchTest {
 protected:
  void leave(unsigned rules, test::TestCertificateOptions options, VersionNumber number = 7) {
    options.names = {"a.example.com"};
    const crypto::Bundle bundle = test::make_test_bundle("a.example.com", std::move(options));
    const std::string folder =
        reader_.certificate_path("a") + "/versions/" + std::to_string(number);
    ASSERT_TRUE(make_directories(folder));
    ASSERT_TRUE(write_version_files(folder, bundle,
                                    {.number = number,
                                     .installed_at = kTestNow,
                                     .not_before = bundle.leaf().not_before(),
                                     .not_after = bundle.leaf().not_after(),
                                     .fingerprint = bundle.leaf().fingerprint(),
                                     .serial = bundle.leaf().serial(),
                                     .origin = "scm:1",
                                     .rules = rules}));
    ASSERT_TRUE(replace_symlink(reader_.certificate_path("a") + "/current",
                                "versions/" + std::to_string(number)));
  }
  std::string verdict(const Names& names = {"a.example.com"}, Time now = kTestNow) {
    const auto loaded = reader_.load("a");
    const Result<void> passed = check_stored(*loaded->certificate, names, now);
    return passed ? "passed" : passed.error().message();
  }
  const test::TestCertificateOptions refused_{.extensions = {"1.2.3.4=critical,ASN1:NULL"}};
};

TEST_F(LeftByAnOlderRelease, WhatClientsRefuseIsPassedOver) {
  install("a", {"a.example.com"}, 30 * kTestDay);
  leave(0, refused_);
  EXPECT_THAT(verdict(), testing::StartsWith("form: clients refuse "));
  EXPECT_EQ(find({"a.example.com"}), "a/1");
}

TEST_F(LeftByAnOlderRelease, WhatPassedTheSameRulesIsAskedForNamesAndDatesOnly) {
  leave(crypto::kServingRules, refused_);
  EXPECT_EQ(verdict(), "passed");
  EXPECT_THAT(verdict({"b.example.com"}), testing::StartsWith("names: "));
  EXPECT_THAT(verdict({"a.example.com"}, kTestNow + 400 * kTestDay),
              testing::StartsWith("not after: "));
}

TEST_F(LeftByAnOlderRelease, OneOfTheirsThatIsGoodStays) {
  leave(0, {});
  EXPECT_EQ(verdict(), "passed");
  EXPECT_EQ(find({"a.example.com"}), "a/7");
}

TEST_F(StoredSearchTest, WhatIsInstalledIsMarkedWithTheRulesItPassed) {
  install("a", {"a.example.com"}, 30 * kTestDay);
  EXPECT_EQ(reader_.load("a")->certificate->info.rules, crypto::kServingRules);
}

}  // namespace
}  // namespace ccm::store
