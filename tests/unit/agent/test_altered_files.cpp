// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/publishing/altered_files.h"
#include "config/input/settings.h"
#include "support/admission.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kMany = 10'000;

// What a test says is touched and unwatched.
struct Told {
  std::vector<std::size_t> touched = {};
  std::vector<std::size_t> unwatched = {};
  std::optional<Error> problem = {};
};

class ToldWatch final : public store::FileWatch {
 public:
  explicit ToldWatch(Told& told) : told_(told) {}
  std::vector<std::size_t> touched() override { return std::exchange(told_.touched, {}); }
  const std::vector<std::size_t>& unwatched() const noexcept override { return told_.unwatched; }
  std::optional<Error> problem() const override { return told_.problem; }

 private:
  Told& told_;
};

std::string name_of(std::size_t which) {
  return "n" + std::to_string(10'000 + which);
}

config::Config make_config() {
  config::Settings settings;
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  for (std::size_t which = 0; which < kMany; ++which) {
    EXPECT_TRUE(settings.add_certificate(name_of(which), {}));
    EXPECT_TRUE(settings.set_in(name_of(which), "source", {"scm"}, {}));
    EXPECT_TRUE(settings.set_in(name_of(which), "names", {"www.example.com"}, {}));
  }
  return settings.finalize().value();
}

class AlteredFilesTest : public ::testing::Test {
 protected:
  void install(std::size_t which) {
    const std::string name = name_of(which);
    ASSERT_TRUE(store_.install(*lease_, test::let_in(name, bundle_),
                               {.bundle = bundle_,
                                .origin = "import",
                                .expected = store_.current_version(name),
                                .keep = 3,
                                .now = test::kTestNow}));
  }
  void damage(std::size_t which) { store_.damage(name_of(which), 1); }
  std::vector<std::string> look(milliseconds passed = AlteredFiles::kBetweenLooks) {
    clock_.advance(std::chrono::duration_cast<Seconds>(passed));
    return files_.look(clock_.steady_now());
  }

  static const config::Config& config() {
    static const config::Config kConfig = make_config();
    return kConfig;
  }
  const crypto::Bundle bundle_ = test::make_test_bundle();
  test::TempDirectory directory_;
  test::FakeClock clock_;
  test::MemoryLog log_;
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  SignOfLife life_{{.state_path = directory_.path().string(),
                    .server = {.kind = config::ServerKind::nginx, .error_log = {}, .launch_id = {}},
                    .publishes = {},
                    .pulse = {},
                    .clock = clock_,
                    .log = log_}};
  Told told_;
  AlteredFiles files_{{config(), store_, std::make_unique<ToldWatch>(told_), life_, log_}};
};

TEST_F(AlteredFilesTest, NamesWhatWasTouchedAndIsAnother) {
  install(7);
  install(9);
  EXPECT_THAT(look(), IsEmpty()) << "after the first look everybody looks at all";
  damage(7);
  told_.touched = {7, 9};
  EXPECT_THAT(look(), ElementsAre(name_of(7))) << "9 is as it was";
  EXPECT_THAT(look(), IsEmpty()) << "it was said";
  install(7);
  told_.touched = {7};
  EXPECT_THAT(look(), ElementsAre(name_of(7)));
}

TEST_F(AlteredFilesTest, WaitsBetweenTwoLooks) {
  install(7);
  look();
  damage(7);
  told_.touched = {7};
  EXPECT_THAT(look(milliseconds(0)), IsEmpty());
  EXPECT_THAT(told_.touched, ElementsAre(7)) << "it was not asked";
  EXPECT_THAT(look(), ElementsAre(name_of(7)));
}

// What one look costs does not depend on how many there are.
TEST_F(AlteredFilesTest, LooksAtFewThatWereNotTouched) {
  look();
  const auto before = store_.reads();
  std::size_t looks = 0;
  for (; looks < 12; ++looks) look(Seconds(5));
  EXPECT_LE(store_.reads() - before, 3 * looks * (Seconds(5) / kLeisurely + 1));
}

TEST_F(AlteredFilesTest, FindsAlsoWhatNoWatchTellsOf) {
  constexpr std::size_t kLast = kMany - 1;
  install(kLast);
  look();
  damage(kLast);
  std::vector<std::string> altered;
  for (Seconds passed{0}; passed < Seconds(3 * 3600) && altered.empty(); passed += Seconds(5)) {
    altered = look(Seconds(5));
  }
  EXPECT_THAT(altered, ElementsAre(name_of(kLast)));
}

TEST_F(AlteredFilesTest, LooksInTurnAtWhatIsNotWatched) {
  for (std::size_t which = 0; which < 500; ++which) told_.unwatched.push_back(3 * which);
  install(3 * 499);
  look();
  damage(3 * 499);
  EXPECT_THAT(look(Seconds(5)), IsEmpty());
  EXPECT_THAT(look(Seconds(5)), ElementsAre(name_of(3 * 499))) << "within ten seconds";
  EXPECT_EQ(log_.text(), "") << "nobody has asked the system";
}

TEST_F(AlteredFilesTest, SaysOnceWhatIsNotWatched) {
  look();
  told_.unwatched = {1, 2};
  told_.problem = Error(ErrorKind::internal, "no space");
  look();
  look();
  EXPECT_THAT(log_.lines(Severity::warn),
              ElementsAre("no space; the agent looks at the files of 2 of 10000 certificates in "
                          "turn instead, so it may take 2s to notice damage; allow inotify to the "
                          "server's unit, or raise fs.inotify.max_user_watches"));
}

}  // namespace
}  // namespace ccm::agent
