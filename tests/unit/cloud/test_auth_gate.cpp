#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cloud/auth_gate.h"

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
        const AuthGate::Lane lane = gate.enter("a");
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
  AuthGate gate;
  EXPECT_EQ(most_inside(gate, false), 1);
}

TEST(AuthGate, ProvenCredentialsGoInPairsAndNoMore) {
  AuthGate gate;
  EXPECT_LE(most_inside(gate, true), 2);
  const AuthGate::Lane first = gate.enter("a");
  const AuthGate::Lane second = gate.enter("a");  // would never return if pairs were not allowed
}

TEST(AuthGate, ARefusalOrOtherCredentialsEndTheTrust) {
  AuthGate gate;
  most_inside(gate, true);
  {
    const AuthGate::Lane lane = gate.enter("a");
    gate.refused();
  }
  EXPECT_EQ(most_inside(gate, false), 1);
  most_inside(gate, true);
  { const AuthGate::Lane other = gate.enter("b"); }
  EXPECT_EQ(most_inside(gate, false), 1);
}

}  // namespace
}  // namespace ccm::cloud
