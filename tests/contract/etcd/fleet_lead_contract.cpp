// SPDX-License-Identifier: Apache-2.0
// Who leads a fleet: processes of one host that follow each other, and machines of one image.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fleet_machine.h"

namespace ccm::fleet {
namespace {

using namespace std::chrono_literals;

class FleetLeadContract : public test::FleetFixture {
 protected:
  std::string leader() {
    const EtcdPage page = raw_->range({.key = "/cl/web/leader"}).value();
    return page.items.empty() ? "" : page.items.front().value;
  }
};

// As after kill -9: its lease is there for a while.
TEST_F(FleetLeadContract, AProcessTakesTheLeadOfTheOneBeforeAtOnce) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  const std::string before = leader();
  one->stop();
  ASSERT_EQ(leader(), "");
  const EtcdLease lease = raw_->grant(600s).value();
  ASSERT_TRUE(raw_->commit(
      {.compares = {},
       .changes = {{.key = "/cl/web/leader", .value = before, .end = {}, .lease = lease}}}));
  one->start();
  EXPECT_TRUE(one->lead());
  EXPECT_NE(leader(), before);
}

TEST_F(FleetLeadContract, AMachineWithACopyOfTheKeyFileDoesNotTakeTheLead) {
  const auto one = join("one");
  const auto clone = join("one");
  ASSERT_TRUE(one->lead());
  const std::string before = leader();
  for (int i = 0; i < 3; ++i) {
    const auto lease = clone->store().try_lead();
    ASSERT_TRUE(lease);
    EXPECT_EQ(*lease, nullptr);
  }
  EXPECT_EQ(leader(), before);
  one->stop();
  EXPECT_TRUE(clone->lead());
}

}  // namespace
}  // namespace ccm::fleet
