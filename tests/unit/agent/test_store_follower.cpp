// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/publishing/store_follower.h"
#include "config/input/settings.h"
#include "support/admission.h"
#include "support/memory_store.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kMany = 1000;

config::Config make_config() {
  config::Settings settings;
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string name = "n" + std::to_string(1000 + i);
    EXPECT_TRUE(settings.add_certificate(name, {}));
    EXPECT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
    EXPECT_TRUE(settings.set_in(name, "names", {"www.example.com"}, {}));
  }
  return settings.finalize().value();
}

class StoreFollowerTest : public ::testing::Test {
 protected:
  std::vector<std::string> next() {
    std::vector<std::string> names;
    for (const auto* spec : follower_.next()) names.push_back(spec->name);
    return names;
  }
  void change(const std::string& name) {
    ASSERT_TRUE(store_.install(*lease_, test::let_in(name, bundle_),
                               {.bundle = bundle_,
                                .origin = "import",
                                .expected = store_.current_version(name),
                                .keep = 3,
                                .now = test::kTestNow}));
  }

  const config::Config config_ = make_config();
  const crypto::Bundle bundle_ = test::make_test_bundle();
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  StoreFollower follower_{config_, store_};
};

TEST_F(StoreFollowerTest, GivesAllTheFirstTimeAndThenWhatChanges) {
  EXPECT_EQ(next().size(), kMany);
  EXPECT_THAT(next(), IsEmpty());
  change("n1700");
  change("nobody");
  EXPECT_THAT(next(), ElementsAre("n1700"));
  EXPECT_THAT(next(), IsEmpty()) << "it was said";
}

TEST_F(StoreFollowerTest, HasNothingToDoWithoutCertificates) {
  config::Settings settings;
  ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
  ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  const config::Config none = settings.finalize().value();
  StoreFollower follower(none, store_);
  EXPECT_TRUE(follower.next().empty());
  EXPECT_TRUE(follower.next().empty());
}

}  // namespace
}  // namespace ccm::agent
