// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "cloud/identity/auth_gate.h"
#include "support/fake_clock.h"

namespace ccm::cloud {
namespace {

// How many of six threads were inside at once.
int most_inside(AuthGate& gate, bool are_accepted) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const AuthGate::Lane lane = gate.enter("a", "scm");
        const int now = ++inside;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
        if (are_accepted) gate.accepted();
        std::this_thread::yield();
        --inside;
      }
    });
  }
  threads.clear();
  return most;
}

TEST(AuthGate, UnprovenCredentialsGoOneByOne) {
  const ccm::test::FakeClock clock;
  AuthGate gate(clock);
  EXPECT_EQ(most_inside(gate, false), 1);
}

TEST(AuthGate, ProvenCredentialsGoInPairsAndNoMore) {
  const ccm::test::FakeClock clock;
  AuthGate gate(clock);
  EXPECT_LE(most_inside(gate, true), 2);
  const AuthGate::Lane first = gate.enter("a", "scm");
  const AuthGate::Lane second =
      gate.enter("a", "scm");  // would never return if pairs were not allowed
}

TEST(AuthGate, ARefusalOrOtherCredentialsEndTheTrust) {
  const ccm::test::FakeClock clock;
  AuthGate gate(clock);
  most_inside(gate, true);
  {
    const AuthGate::Lane lane = gate.enter("a", "scm");
    gate.refused();
  }
  EXPECT_EQ(most_inside(gate, false), 1);
  most_inside(gate, true);
  { const AuthGate::Lane other = gate.enter("b", "scm"); }
  EXPECT_EQ(most_inside(gate, false), 1);
}

// Four of PCA that hang, with credentials that nobody has seen yet.
TEST(AuthGate, AServiceThatHangsHoldsUpNoOther) {
  ccm::test::FakeClock clock;
  AuthGate gate(clock);
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  std::atomic<int> hung = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const AuthGate::Lane lane = gate.enter("a", "pca");
      ++hung;
      ended.wait();
    });
  }
  while (hung < 1) std::this_thread::yield();
  {
    const AuthGate::Lane lane = gate.enter("a", "scm");
    EXPECT_EQ(hung, 1) << "one unproven call to a service";
    gate.accepted();
  }
  while (hung < 2) std::this_thread::yield();
  const std::jthread ticking([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      clock.advance(AuthGate::kPatience);
      std::this_thread::yield();
    }
  });
  { const AuthGate::Lane lane = gate.enter("a", "scm"); }
  { const AuthGate::Lane lane = gate.enter("a", "pca"); }
  end.set_value();
}

TEST(AuthGate, UnprovenCredentialsReachTwoServicesAndNoThird) {
  const ccm::test::FakeClock clock;
  AuthGate gate(clock);
  std::atomic<bool> has_entered = false;
  std::jthread third;
  {
    const AuthGate::Lane scm = gate.enter("a", "scm");
    {
      const AuthGate::Lane pca = gate.enter("a", "pca");
      third = std::jthread([&] {
        const AuthGate::Lane lane = gate.enter("a", "iam");
        has_entered = true;
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
      EXPECT_FALSE(has_entered);
      gate.refused();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    EXPECT_FALSE(has_entered) << "refused once: one by one from here on";
  }
  third.join();
  EXPECT_TRUE(has_entered);
}

}  // namespace
}  // namespace ccm::cloud
