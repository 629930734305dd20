// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/engine.h"
#include "support/toy_source.h"

namespace ccm::agent {
namespace {

TEST(Engine, HasATeamForEachKindOfSource) {
  config::GlobalConfig global;
  global.concurrent_renewals = 4;
  EXPECT_EQ(most_threads(global), 2 * 5U + 5U);
  const test::ToyInTables toy;
  EXPECT_EQ(most_threads(global), 3 * 5U + 5U);
}

}  // namespace
}  // namespace ccm::agent
