// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/host/presence.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

class PresenceTest : public testing::Test {
 protected:
  Presence::Facts facts(std::vector<std::string> names = {"www", "shop"}) const {
    return {.server = server_,
            .pid = 71,
            .since = Time(Seconds(1'800'000'000)),
            .names = std::move(names)};
  }
  AgentSighting look(Seconds later = Seconds(0)) const {
    return look_at_agent(state_.path(), server_, now_ + later);
  }
  std::string path() const { return presence_path(state_.path(), server_); }

  test::TempDirectory state_;
  ServerId server_{config::ServerKind::nginx, "0123abcd"};
  SteadyTime now_ = SteadyTime(Seconds(5000));
};

TEST_F(PresenceTest, WithoutAnyThereIsNobody) {
  const AgentSighting seen = look();
  EXPECT_FALSE(seen.is_alive);
  EXPECT_FALSE(seen.has_server);
  EXPECT_FALSE(seen.last_seen);
  EXPECT_FALSE(seen.is_frozen());
}

TEST_F(PresenceTest, TellsWhoServesWhatSinceWhen) {
  Presence agent(state_.path(), facts());
  agent.serves("www", 3);
  ASSERT_TRUE(agent.claim(now_));
  agent.serves("shop", 8);
  agent.serves("unknown", 1);
  const AgentSighting seen = look();
  EXPECT_TRUE(seen.is_alive);
  EXPECT_EQ(seen.pid, 71U);
  EXPECT_EQ(seen.since, Time(Seconds(1'800'000'000)));
  EXPECT_FALSE(seen.leads);
  EXPECT_EQ(seen.serves("www"), 3U);
  EXPECT_EQ(seen.serves("shop"), 8U);
  EXPECT_FALSE(seen.serves("unknown"));
  agent.serves("www", 4);
  agent.leads();
  EXPECT_EQ(look().serves("www"), 4U);
  EXPECT_TRUE(look().leads);
}

TEST_F(PresenceTest, TellsWhatIsWrongWithALivingAgent) {
  AgentFlaws flaws;
  flaws.set(AgentFlaw::unusable_files, true);
  {
    Presence agent(state_.path(), facts());
    agent.has(flaws);
    ASSERT_TRUE(agent.claim(now_));
    EXPECT_EQ(look().flaws, flaws);
    agent.has({});
    EXPECT_FALSE(look().flaws.any());
    agent.has(flaws);
    EXPECT_EQ(look().flaws, flaws);
    EXPECT_EQ(look().serves("www"), std::nullopt);
  }
  EXPECT_FALSE(look().flaws.any()) << "it is dead";
}

TEST_F(PresenceTest, TellsOfSilentWorkersWhileTheAgentLives) {
  {
    Presence agent(state_.path(), facts());
    ASSERT_TRUE(agent.claim(now_));
    EXPECT_EQ(look().silent_workers, SilentWorkers());
    agent.sees({.count = 2, .longest = 71, .silence = Seconds(9)}, now_);
    agent.serves("shop", 8);
    EXPECT_EQ(look(Seconds(5)).silent_workers,
              (SilentWorkers{.count = 2, .longest = 71, .silence = Seconds(14)}));
    EXPECT_EQ(look().serves("shop"), 8U);
    agent.sees({}, now_);
    EXPECT_EQ(look().silent_workers, SilentWorkers());
    agent.sees({.count = 1, .longest = 71, .silence = Seconds(9)}, now_);
  }
  EXPECT_EQ(look().silent_workers, SilentWorkers()) << "it is dead";
}

TEST_F(PresenceTest, AnAgentOfAnEarlierReleaseTellsOfNoWorker) {
  Presence agent(state_.path(), facts());
  ASSERT_TRUE(agent.claim(now_));
  agent.sees({.count = 1, .longest = 71, .silence = Seconds(9)}, now_);
  agent.serves("shop", 8);
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 16);
  EXPECT_EQ(look().silent_workers, SilentWorkers());
  EXPECT_EQ(look().serves("shop"), 8U);
}

TEST_F(PresenceTest, IsTheOwnersOnly) {
  Presence agent(state_.path(), facts());
  ASSERT_TRUE(agent.claim(now_));
  struct stat file {};
  ASSERT_EQ(stat(path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(PresenceTest, ADeadAgentsWordStaysAndItsLifeDoesNot) {
  {
    Presence agent(state_.path(), facts());
    ASSERT_TRUE(agent.claim(now_));
    agent.serves("www", 4);
    agent.leads();
  }
  const AgentSighting seen = look();
  EXPECT_FALSE(seen.is_alive);
  EXPECT_FALSE(seen.leads);
  EXPECT_FALSE(seen.silence);
  EXPECT_TRUE(seen.last_seen);
  EXPECT_EQ(seen.serves("www"), 4U);
}

TEST_F(PresenceTest, AKilledProcessHoldsNoLock) {
  const pid_t child = fork();
  if (child == 0) {
    Presence agent(state_.path(), facts());
    _exit(agent.claim(now_) && look().is_alive ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_FALSE(look().is_alive);
}

TEST_F(PresenceTest, WhoDoesNotMoveIsFrozenAndABeatShowsThatItMoves) {
  Presence agent(state_.path(), facts());
  ASSERT_TRUE(agent.claim(now_));
  EXPECT_FALSE(look(Seconds(9)).is_late());
  EXPECT_TRUE(look(Seconds(10)).is_late());
  EXPECT_FALSE(look(Seconds(30)).is_frozen());
  EXPECT_TRUE(look(Seconds(31)).is_frozen());
  EXPECT_EQ(look(Seconds(31)).silence, Seconds(31));
  EXPECT_TRUE(agent.beat(now_ + Seconds(20)));
  EXPECT_FALSE(look(Seconds(31)).is_frozen());
}

TEST_F(PresenceTest, TheServersLockLastsAsLongAsItsDescriptor) {
  Presence agent(state_.path(), facts());
  ASSERT_TRUE(agent.claim(now_));
  EXPECT_FALSE(look().has_server);
  FileDescriptor server = agent.lock_for_server();
  ASSERT_TRUE(server);
  EXPECT_TRUE(look().has_server);
  EXPECT_FALSE(agent.lock_for_server()) << "the server has it already";
  server.reset();
  EXPECT_FALSE(look().has_server);
}

TEST_F(PresenceTest, TwoAgentsOfOneServerAreOneTooMany) {
  {
    Presence first(state_.path(), facts({"www"}));
    ASSERT_TRUE(first.claim(now_));
    first.serves("www", 1);
    Presence second(state_.path(), facts({"a", "b", "c"}));
    second.serves("b", 7);
    const auto refused = second.claim(now_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::transient);
    EXPECT_EQ(look().serves("www"), 1U);
  }
  Presence second(state_.path(), facts({"a", "b", "c"}));
  second.serves("b", 7);
  ASSERT_TRUE(second.claim(now_));
  EXPECT_EQ(look().serves("b"), 7U);
  EXPECT_EQ(look().rows.size(), 3U);
}

TEST_F(PresenceTest, AFileThatWasRemovedIsMadeAgain) {
  Presence agent(state_.path(), facts());
  ASSERT_TRUE(agent.claim(now_));
  agent.serves("www", 3);
  std::filesystem::remove(path());
  EXPECT_FALSE(look().is_alive);
  ASSERT_TRUE(agent.claim(now_));
  EXPECT_EQ(look().serves("www"), 3U);
}

TEST_F(PresenceTest, ALinkAFifoAndNonsenseAreNobody) {
  for (const std::string& content : {std::string(), std::string("x"), std::string(48, '\xff')}) {
    std::ofstream(path()) << content;
    EXPECT_EQ(look().pid, 0U);
    EXPECT_FALSE(look().is_alive);
  }
  std::filesystem::remove(path());
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  EXPECT_FALSE(look().last_seen);
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/dev/zero", path());
  EXPECT_FALSE(look().last_seen);
  Presence agent(state_.path(), facts());
  EXPECT_FALSE(agent.claim(now_));
}

// A renewal among many writes its own row and nothing else.
TEST_F(PresenceTest, ARenewalAmongManyWritesOneRow) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("site-" + std::to_string(i));
  Presence agent(state_.path(), facts(names));
  ASSERT_TRUE(agent.claim(now_));
  const auto size = std::filesystem::file_size(path());
  EXPECT_LE(size, 10'000U * 16U + 48U + 16U);
  agent.serves("site-4711", 2);
  const AgentSighting seen = look();
  EXPECT_EQ(seen.serves("site-4711"), 2U);
  EXPECT_FALSE(seen.serves("site-4712"));
  EXPECT_EQ(std::filesystem::file_size(path()), size);
}

}  // namespace
}  // namespace ccm::store
