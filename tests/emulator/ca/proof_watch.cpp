// SPDX-License-Identifier: Apache-2.0
#include "ca/proof_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "ca/orders.h"
#include "scm/scm_successors.h"
#include "world.h"

namespace emulator {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kBusyPause(50);
constexpr milliseconds kIdlePause(500);

void look_around(World& world) {
  std::unique_lock lock(world.mutex);
  apply_for_successors(world);
  const std::vector<DueLook> looks = due_looks(world);
  lock.unlock();
  for (const DueLook& look : looks) {
    std::vector<Sights> sights;
    for (const ProofWish& wish : look.wishes) sights.push_back(look_for_proof(wish));
    const std::scoped_lock entering(world.mutex);
    enter_look(world, look, sights);
  }
}

[[noreturn]] void watch(World& world) {
  for (;;) {
    try {
      look_around(world);
    } catch (const std::exception& problem) {
      fmt::print(stderr, "ccm-emulator: looking at orders failed: {}\n", problem.what());
    }
    std::unique_lock lock(world.mutex);
    world.order_came.wait_for(lock, has_open_order(world) ? kBusyPause : kIdlePause);
  }
}

}  // namespace

void watch_orders(World& world) {
  std::thread([&world] { watch(world); }).detach();
}

}  // namespace emulator
