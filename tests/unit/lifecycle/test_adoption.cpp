// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "config/input/settings.h"
#include "lifecycle/adoption.h"
#include "store/file_store/file_store.h"
#include "support/admission.h"
#include "support/memory_log.h"
#include "support/system_calls.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::lifecycle {
namespace {

using test::kTestDay;
using test::kTestNow;
using testing::HasSubstr;
using testing::IsEmpty;

class AdoptionTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  void configure(const std::string& entry, const Names& names) {
    config::Settings settings;
    ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
    ASSERT_TRUE(settings.add_certificate(entry, {}));
    ASSERT_TRUE(settings.set_in(entry, "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in(entry, "names", names, {}));
    config_ = settings.finalize().value();
  }
  std::string install(const std::string& entry, const Names& names, Seconds life,
                      const std::string& origin = "scm:1") {
    const auto& issuing = test::test_issuing_authority();
    const auto leaf = test::make_test_leaf(
        issuing,
        {.names = names, .not_before = kTestNow - 10 * kTestDay, .not_after = kTestNow + life});
    const auto bundle =
        crypto::Bundle::make({leaf.certificate, issuing.certificate}, leaf.key).value();
    EXPECT_TRUE(store_->install(*lease_, test::let_in(entry, bundle),
                                {.bundle = bundle,
                                 .origin = origin,
                                 .expected = store_->current_version(entry),
                                 .keep = 3,
                                 .now = kTestNow}));
    return leaf.certificate.fingerprint();
  }
  void adopt() {
    std::vector<const config::CertificateSpec*> specs;
    for (const auto& spec : config_->certificates()) specs.push_back(&spec);
    adopt_stored({*store_, *lease_, log_, kTestNow}, specs);
  }
  store::VersionInfo installed(const std::string& entry) {
    const auto loaded = store_->load(entry).value();
    return loaded.certificate ? loaded.certificate->info : store::VersionInfo();
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  std::unique_ptr<store::Store> store_ = store::open_file_store(directory_.path()).value();
  std::unique_ptr<store::Lease> lease_ = store_->try_lead().value();
  std::optional<config::Config> config_;
  test::MemoryLog log_;
};

TEST_F(AdoptionTest, ANewNameGetsWhatIsStoredForItByAnotherAndOnlyOnce) {
  const std::string stored = install("a", {"a.example.com", "b.example.com"}, 30 * kTestDay);
  configure("b", {"b.example.com", "a.example.com"});
  adopt();
  EXPECT_EQ(installed("b").fingerprint, stored);
  EXPECT_EQ(installed("b").origin, "scm:1");
  EXPECT_THAT(log_.lines(Severity::notice), testing::ElementsAre(HasSubstr("stored for \"a\"")));
  adopt();
  EXPECT_EQ(installed("b").number, 1U);
  EXPECT_EQ(installed("a").fingerprint, stored) << "that one stays";
}

TEST_F(AdoptionTest, ReplacesOnlyWhatDoesNotFitItsNamesOrTheDay) {
  const std::string wide = install("wide", {"*.example.com"}, 30 * kTestDay);
  install("late", {"a.example.com"}, -kTestDay);
  configure("late", {"a.example.com"});
  adopt();
  EXPECT_EQ(installed("late").fingerprint, wide);
  const std::string good = install("good", {"g.example.com"}, 5 * kTestDay);
  configure("good", {"g.example.com"});
  adopt();
  EXPECT_EQ(installed("good").fingerprint, good);
}

TEST_F(AdoptionTest, SaysWhenItIsOfAnotherSource) {
  install("private", {"a.example.com"}, 30 * kTestDay, "pca:issuer/1");
  configure("public", {"a.example.com"});
  adopt();
  EXPECT_EQ(installed("public").origin, "pca:issuer/1");
  EXPECT_THAT(log_.text(), HasSubstr("until one of its own source is there"));
}

TEST_F(AdoptionTest, GoesBackToAnOlderVersionOfItsOwn) {
  const std::string before = install("a", {"a.example.com", "b.example.com"}, 30 * kTestDay);
  install("a", {"a.example.com"}, 60 * kTestDay);
  configure("a", {"a.example.com", "b.example.com"});
  adopt();
  EXPECT_EQ(installed("a").fingerprint, before);
  EXPECT_EQ(installed("a").number, 1U);
}

TEST_F(AdoptionTest, HasNothingToSayAboutAnEmptyStore) {
  configure("a", {"a.example.com"});
  adopt();
  EXPECT_THAT(log_.lines(), IsEmpty());
}

}  // namespace
}  // namespace ccm::lifecycle
