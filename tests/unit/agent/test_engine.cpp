// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/engine.h"
#include "support/toy_source.h"

namespace ccm::agent {
namespace {

// Four who ask responders, two that serve requests, that of catalogues, the snapshot's, and two of
// the stream of events.
constexpr unsigned kBesideTeams = 4 + 2 + 1 + 1 + 2;

TEST(Engine, HasATeamForEachKindOfSource) {
  config::GlobalConfig global;
  global.concurrent_renewals = 4;
  EXPECT_EQ(most_threads(global), 2 * 5U + kBesideTeams);
  config::GlobalConfig in_fleet = global;
  in_fleet.fleet.emplace();
  EXPECT_EQ(most_threads(in_fleet), most_threads(global) + 4);
  const test::ToyInTables toy;
  EXPECT_EQ(most_threads(global), 3 * 5U + kBesideTeams);
}

}  // namespace
}  // namespace ccm::agent
