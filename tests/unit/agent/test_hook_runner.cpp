// SPDX-License-Identifier: Apache-2.0
// Real programs, real keepers; the monitor is played.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "agent/hooks/hook_runner.h"
#include "base/memory_file.h"
#include "base/text.h"
#include "launch/process.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class HookRunnerTest : public testing::Test {
 protected:
  HookRunnerTest() {
    // What every agent process is born with.
    for (int fd = launch::kSegmentDescriptor; fd < launch::kFirstOtherDescriptor; ++fd) {
      if (fcntl(fd, F_GETFD) < 0) dup2(open_end(), fd);
    }
    chmod(directory_.path().c_str(), 0755);
  }
  ~HookRunnerTest() override {
    if (runner_) runner_->stop();
  }

  // A descriptor that stays silent.
  int open_end() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    return ends[0];
  }
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  std::string program(const std::string& name, const std::string& script) {
    directory_.write(name, "#!/bin/sh\n" + script + "\n");
    chmod(path(name).c_str(), 0755);
    return path(name);
  }
  void add_hook(std::vector<EventType> events, std::string program, Seconds timeout = 20s) {
    config::Hook hook{.events = std::move(events), .command = {std::move(program), "an argument"}};
    // So that it may write where the test looks.
    if (geteuid() == 0) hook.user = "root";
    hook.timeout = timeout;
    hooks_.push_back(std::move(hook));
  }
  HookRunner& runner() {
    if (!runner_) {
      runner_ = std::make_unique<HookRunner>(HookRunner::Parts{
          .hooks = hooks_,
          .say =
              [this](Severity severity, const std::string& line) {
                log_ += fmt::format("[{}] {}\n", to_string(severity), line);
              },
          .become_keeper = [] { close_descriptors_from(launch::kFirstOtherDescriptor); },
          .reply =
              [this](const HookAnswer& answer) {
                counts_.add(answer.counts);
                if (answer.id != 0) answers_.push_back(answer);
              }});
    }
    return *runner_;
  }
  void tell(EventType type, std::string certificate = "www") {
    runner().take({.call = EventCall::tell, .event = event(type, std::move(certificate))});
    runner().look();
  }
  HookAnswer ask(EventType type, EventCall call = EventCall::ask) {
    runner().take({.call = call, .id = 5, .event = event(type, "www")});
    EXPECT_TRUE(until([this] { return !answers_.empty(); })) << log_;
    HookAnswer answer = answers_.empty() ? HookAnswer{} : answers_.back();
    answers_.clear();
    return answer;
  }
  static Event event(EventType type, std::string certificate) {
    return {.type = type,
            .at = Time(1'764'163'800s),
            .certificate = std::move(certificate),
            .version = 3,
            .sentence = "it is so",
            .fields = {{"record_name", "_dnsauth.example.com"}}};
  }
  template <typename Condition>
  bool until(const Condition& is_so, std::chrono::milliseconds patience = 20s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      runner().look();
      if (is_so()) return true;
      std::vector<pollfd> waiting;
      runner().add_to(waiting);
      poll(waiting.data(), waiting.size(), 20);
    }
    return false;
  }
  bool has_logged(const std::string& text) const { return log_.find(text) != std::string::npos; }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::size_t running() {
    std::vector<pollfd> waiting;
    runner().add_to(waiting);
    return waiting.size();
  }

  test::TempDirectory directory_;
  std::vector<config::Hook> hooks_;
  std::unique_ptr<HookRunner> runner_;
  std::string log_;
  publication::HookCounts counts_;
  std::vector<HookAnswer> answers_;
};

TEST_F(HookRunnerTest, CountsWhatBecomesOfHooks) {
  add_hook({EventType::installed}, program("good", "true"));
  add_hook({EventType::installed}, program("bad", "exit 3"));
  add_hook({EventType::installed}, program("slow", "sleep 60"), 1s);
  add_hook({EventType::installed}, path("missing"));
  tell(EventType::installed);
  const auto total = [this] {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_.outcomes) sum += count;
    return sum;
  };
  EXPECT_TRUE(until([&] { return total() == 4; })) << log_;
  using publication::HookCounts;
  EXPECT_EQ(counts_.outcomes[HookCounts::succeeded], 1U);
  EXPECT_EQ(counts_.outcomes[HookCounts::failed], 2U);
  EXPECT_EQ(counts_.outcomes[HookCounts::timed_out], 1U);
  EXPECT_TRUE(answers_.empty());
}

TEST_F(HookRunnerTest, GivesAHookItsEventAndNothingElse) {
  ASSERT_EQ(setenv("SECRET_OF_THE_SERVER", "x", 1), 0);
  add_hook({EventType::installed},
           program("hook", fmt::format("cat > {0}/input; env > {0}/environment; echo \"$1\" > "
                                       "{0}/argument; ls /proc/self/fd | wc -l > {0}/descriptors; "
                                       "echo hello; echo ' there' >&2",
                                       directory_.path().string())));
  tell(EventType::failing);
  EXPECT_EQ(running(), 0U) << "a hook of another event";
  tell(EventType::installed);
  ASSERT_TRUE(until([&] { return has_logged("ended with status 0"); })) << log_;
  unsetenv("SECRET_OF_THE_SERVER");
  EXPECT_THAT(log_, HasSubstr("[notice] hook " + path("hook") +
                              " (installed, certificate \"www\"): hello\n"));
  EXPECT_THAT(log_, HasSubstr(":  there\n"));
  EXPECT_EQ(content("input"),
            "{\"event\":\"installed\",\"time\":\"2025-11-26T13:30:00Z\",\"certificate\":\"www\","
            "\"version\":3,\"sentence\":\"it is so\",\"record_name\":\"_dnsauth.example.com\"}\n");
  EXPECT_EQ(content("argument"), "an argument\n");
  const std::string environment = content("environment");
  EXPECT_THAT(environment, HasSubstr("CCM_EVENT=installed\n"));
  EXPECT_THAT(environment, HasSubstr("CCM_CERTIFICATE=www\n"));
  EXPECT_THAT(environment, HasSubstr("CCM_RECORD_NAME=_dnsauth.example.com\n"));
  EXPECT_THAT(environment, Not(HasSubstr("SECRET_OF_THE_SERVER")));
  // 0, 1, 2, and the directory that ls reads.
  EXPECT_EQ(trim(content("descriptors")), "4");
}

TEST_F(HookRunnerTest, TheExitCodeIsTheAnswer) {
  add_hook({EventType::renewing, EventType::installing}, program("good", "exit 0"));
  add_hook({EventType::installing}, program("bad", "echo not today; exit 3"));
  const HookAnswer good = ask(EventType::renewing);
  ASSERT_THAT(good.results, SizeIs(1));
  EXPECT_EQ(good.id, 5U);
  EXPECT_TRUE(good.results[0].is_good);
  const HookAnswer bad = ask(EventType::installing);
  ASSERT_THAT(bad.results, SizeIs(2));
  const auto& result = bad.results[0].is_good ? bad.results[1] : bad.results[0];
  EXPECT_FALSE(result.is_good);
  EXPECT_EQ(result.hook, path("bad"));
  EXPECT_EQ(result.outcome, "ended with status 3; its last line: \"not today\"");
  EXPECT_THAT(log_, HasSubstr("[error] hook " + path("bad")));
}

TEST_F(HookRunnerTest, AHookThatCannotBeRunSaysNo) {
  add_hook({EventType::renewing}, path("missing"));
  directory_.write("broken", "#!/no/such/interpreter\n");
  chmod(path("broken").c_str(), 0755);
  add_hook({EventType::installing}, path("broken"));
  EXPECT_THAT(ask(EventType::renewing).results[0].outcome,
              AllOf(HasSubstr("was not run"), HasSubstr("No such file")));
  EXPECT_THAT(ask(EventType::installing).results[0].outcome, HasSubstr("could not be run"));
}

TEST_F(HookRunnerTest, EndsAHookThatHangsWithEverythingItHasStarted) {
  add_hook({EventType::renewing},
           program("hook", fmt::format("sleep 1000 & echo $! > {0}/one; setsid sh -c 'echo $$ > "
                                       "{0}/two; sleep 1000 & sleep 1000' & sleep 1000",
                                       directory_.path().string())),
           1s);
  const HookAnswer answer = ask(EventType::renewing);
  EXPECT_FALSE(answer.results[0].is_good);
  EXPECT_THAT(answer.results[0].outcome, HasSubstr("ended at its time limit of 1s"));
  ASSERT_TRUE(until([this] { return running() == 0; })) << log_;
  for (const char* file : {"one", "two"}) {
    const auto pid = parse_unsigned(trim(content(file)));
    ASSERT_TRUE(pid);
    EXPECT_NE(kill(static_cast<pid_t>(*pid), 0), 0) << file;
  }
}

TEST_F(HookRunnerTest, WhatAHookLeavesBehindEndsAtItsTimeLimit) {
  add_hook({EventType::renewing},
           program("hook", fmt::format("sleep 1000 > /dev/null 2>&1 & echo $! > {}/one; exit 0",
                                       directory_.path().string())),
           2s);
  EXPECT_TRUE(ask(EventType::renewing).results[0].is_good);
  EXPECT_EQ(running(), 1U) << "it waits for what is left";
  const auto pid = parse_unsigned(trim(content("one")));
  ASSERT_TRUE(pid);
  ASSERT_TRUE(until([this] { return running() == 0; }));
  EXPECT_NE(kill(static_cast<pid_t>(*pid), 0), 0);
}

TEST_F(HookRunnerTest, AMegabyteIsCutWithASentence) {
  add_hook({EventType::renewing}, program("lines", "yes 'a line of text' | head -c 1000000"));
  add_hook({EventType::installing}, program("one", "head -c 1000000 /dev/zero | tr '\\0' x"));
  EXPECT_TRUE(ask(EventType::renewing).results[0].is_good);
  EXPECT_LT(log_.size(), 150'000U);
  EXPECT_THAT(log_, HasSubstr("(it has printed 1000000 bytes; what follows the first"));
  log_.clear();
  EXPECT_TRUE(ask(EventType::installing).results[0].is_good);
  EXPECT_LT(log_.size(), 30'000U);
  EXPECT_THAT(log_, HasSubstr("(it has printed 1000000 bytes; what follows the first"));
}

TEST_F(HookRunnerTest, AFloodWithoutEndStopsAtTheTimeLimit) {
  add_hook({EventType::renewing}, program("hook", "exec yes"), 1s);
  EXPECT_THAT(ask(EventType::renewing).results[0].outcome, HasSubstr("time limit"));
  EXPECT_LT(log_.size(), 1'500'000U);
}

// Starting a process costs many times as much under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kManyEvents = 200;
#else
constexpr int kManyEvents = 1000;
#endif

TEST_F(HookRunnerTest, ManyEventsComeInOrderAndNoneIsLost) {
  add_hook({EventType::served}, program("hook", fmt::format("echo $CCM_CERTIFICATE >> {}/seen",
                                                            directory_.path().string())));
  std::string expected;
  for (int i = 0; i < kManyEvents; ++i) {
    tell(EventType::served, fmt::format("c{}", i));
    expected += fmt::format("c{}\n", i);
  }
  ASSERT_TRUE(until([&] { return content("seen").size() >= expected.size(); }, 120s)) << log_;
  EXPECT_EQ(content("seen"), expected);
  EXPECT_THAT(log_, Not(HasSubstr("were left out")));
}

TEST_F(HookRunnerTest, SaysHowManyDidNotFitIn) {
  add_hook({EventType::served}, program("hook", "sleep 1000"), 30s);
  for (std::size_t i = 0; i < HookQueue::kMostWaiting + 11; ++i) tell(EventType::served);
  EXPECT_TRUE(until([this] { return has_logged("runs of hooks were left out"); }));
}

TEST_F(HookRunnerTest, EndsEverythingWithTheServer) {
  add_hook({EventType::served}, program("hook", fmt::format("echo $$ > {}/pid; sleep 1000",
                                                            directory_.path().string())));
  tell(EventType::served);
  tell(EventType::served);
  ASSERT_TRUE(until([this] { return content("pid").ends_with("\n"); }));
  runner().stop();
  EXPECT_THAT(log_, HasSubstr("2 runs of hooks do not come to their end"));
  const auto pid = parse_unsigned(trim(content("pid")));
  ASSERT_TRUE(pid);
  EXPECT_TRUE(until([&] { return kill(static_cast<pid_t>(*pid), 0) != 0; }, 5s));
}

}  // namespace
}  // namespace ccm::agent
