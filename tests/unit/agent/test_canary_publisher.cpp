// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "agent/publishing/canary_publisher.h"
#include "config/input/settings.h"
#include "lifecycle/schedule/hold.h"
#include "publication/reader.h"
#include "support/admission.h"
#include "support/memory_log.h"
#include "support/memory_store.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

using publication::canary_slot;
using publication::CanaryBoard;
using testing::HasSubstr;

const store::ServerId kServer{config::ServerKind::nginx, "00000001"};
constexpr Time kNow{Seconds(1800000000)};

class CanaryPublisherTest : public testing::Test {
 protected:
  CanaryPublisherTest() {
    config::Settings settings;
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("canary", {"5min"}, {}));
    EXPECT_TRUE(settings.add_certificate("www", {}));
    EXPECT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
    EXPECT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
    config_ = std::make_unique<config::Config>(settings.finalize().value());
    install(false);
    install(true);
    EXPECT_TRUE(store::begin_canary(store_, *lease_, "www", canary_));
    start();
  }
  void start() {
    CanaryPlace place{.state_path = directory_.path().string(), .server = kServer};
    place.board = CanaryBoard::open(file_.get(), CanaryBoard::Access::read).value();
    publisher_ = std::make_unique<CanaryPublisher>(std::move(place), store_, log_);
  }
  void install(bool waits) {
    const crypto::Bundle bundle = test::make_test_bundle();
    const auto info = store_.install(*lease_, test::let_in("www", bundle),
                                     {.bundle = bundle,
                                      .origin = "scm:scs1",
                                      .expected = store_.current_version("www"),
                                      .keep = 3,
                                      .now = kNow,
                                      .waits = waits});
    EXPECT_TRUE(info);
    if (waits) {
      EXPECT_TRUE(store::stage(store_, *lease_, "www", info->number));
    }
  }
  void look(Time now = kNow) {
    publisher_->look_at(writer_, *config_->find("www"), now);
    now_ += Seconds(1);
    publisher_->count(now_);
  }
  bool is_shown() const { return writer_.shown(canary_slot("www")).has_value(); }
  CanaryBoard::Lane& lane() { return workers_.lanes("www")->candidate; }
  std::uint64_t shown() const {
    return sum_of(store::CanaryCounts(directory_.path().string()).of("www", canary_))
        .candidate.shown();
  }

  test::TempDirectory directory_;
  test::MemoryStore store_;
  test::MemoryLog log_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  std::unique_ptr<config::Config> config_;
  publication::Writer writer_ = publication::Writer::create({"www", canary_slot("www")}).value();
  FileDescriptor file_ = CanaryBoard::create({"www"}).value();
  CanaryBoard workers_ = CanaryBoard::open(file_.get(), CanaryBoard::Access::count).value();
  store::Canary canary_{.version = 2, .since = kNow};
  SteadyTime now_{Seconds(100)};
  std::unique_ptr<CanaryPublisher> publisher_;
};

TEST_F(CanaryPublisherTest, ShowsItAndKeepsWhatIsCounted) {
  lane().add(CanaryCount::shown);  // of an earlier one
  look();
  EXPECT_TRUE(is_shown());
  EXPECT_FALSE(publisher_->is_at_rest());
  EXPECT_EQ(shown(), 0U);
  lane().add(CanaryCount::shown);
  look();
  EXPECT_EQ(shown(), 1U);
}

TEST_F(CanaryPublisherTest, TheNextAgentCountsOn) {
  look();
  lane().add(CanaryCount::shown);
  look();
  lane().add(CanaryCount::shown);  // while there is none
  start();
  look();
  EXPECT_EQ(shown(), 2U);
  // A reload that changed certificates has made another memory.
  file_ = CanaryBoard::create({"www"}).value();
  workers_ = CanaryBoard::open(file_.get(), CanaryBoard::Access::count).value();
  lane().add(CanaryCount::shown);
  start();
  look();
  EXPECT_EQ(shown(), 3U);
}

TEST_F(CanaryPublisherTest, WhatIsHeldIsShownToNobody) {
  look();
  ASSERT_TRUE(lifecycle::hold(store_, *lease_, "www", 1, 2));
  look();
  EXPECT_FALSE(is_shown());
  EXPECT_TRUE(publisher_->is_at_rest());
  EXPECT_TRUE(store::read_canaries(directory_.path().string(), kServer).empty());
}

TEST_F(CanaryPublisherTest, WhatAnAgentThatDiedHasLeftIsWithdrawn) {
  look();
  ASSERT_TRUE(store::unstage(store_, *lease_, "www"));
  start();
  look();
  EXPECT_FALSE(is_shown());
  EXPECT_TRUE(store::read_canaries(directory_.path().string(), kServer).empty());
}

// Its host is cut off, or nobody leads. The leader may still want to know what was counted.
TEST_F(CanaryPublisherTest, WhatNobodyEndsIsShownNoMoreAndStaysCounted) {
  look();
  lane().add(CanaryCount::shown);
  publisher_->give_up(writer_, kNow + 2 * Seconds(300));
  EXPECT_TRUE(is_shown());
  const Time late = kNow + 2 * Seconds(300) + Seconds(60);
  publisher_->give_up(writer_, late);
  EXPECT_FALSE(is_shown());
  look(late);
  EXPECT_FALSE(is_shown());
  EXPECT_EQ(shown(), 1U);
  // Nor by the next agent.
  start();
  look(late);
  EXPECT_FALSE(is_shown());
  EXPECT_EQ(shown(), 1U);
  // The end that the leader gives it at last.
  ASSERT_TRUE(store::unstage(store_, *lease_, "www"));
  look(late);
  EXPECT_TRUE(publisher_->is_at_rest());
}

// By a clock that somebody has set ahead, and later set right.
TEST_F(CanaryPublisherTest, WhatSeemsOverIsSaidOnceAndShownWhenTheClockIsRight) {
  const Time ahead = kNow + Seconds(100'000);
  look(ahead);
  look(ahead);
  EXPECT_FALSE(is_shown());
  const std::string said = log_.text();
  const auto first = said.find("no agent that leads has ended the canary");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(said.find("has ended the canary", first + 40), std::string::npos);
  lane().add(CanaryCount::shown);
  look();
  EXPECT_TRUE(is_shown());
  lane().add(CanaryCount::shown);
  look();
  EXPECT_EQ(shown(), 2U) << "what was counted stays";
}

TEST_F(CanaryPublisherTest, ADamagedVersionIsShownToNobodyAndSaidOnce) {
  store_.damage("www", 2);
  look();
  look();
  EXPECT_FALSE(is_shown());
  const std::string said = log_.text();
  const auto first = said.find("version 2 cannot be tried out");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(said.find("cannot be tried out", first + 20), std::string::npos);
}

}  // namespace
}  // namespace ccm::agent
