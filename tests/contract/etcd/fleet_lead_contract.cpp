// SPDX-License-Identifier: Apache-2.0
// Who leads a fleet: processes of one host that follow each other, and machines of one image.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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

// Somebody may take the lead while another host reads what there is.
TEST_F(FleetLeadContract, EveryHostComesToKnowWhoLeads) {
  std::vector<std::unique_ptr<test::Machine>> machines;
  for (int i = 0; i < 10; ++i) machines.push_back(join(fmt::format("host-{}", i)));
  std::vector<std::unique_ptr<store::Lease>> leases(machines.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    threads.emplace_back([&, i] {
      auto lease = machines[i]->store().try_lead();
      if (lease) leases[i] = *std::move(lease);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto knows = [](const auto& machine) { return !machine->leader().empty(); };
  EXPECT_TRUE(
      test::happens([&] { return std::all_of(machines.begin(), machines.end(), knows); }, 10s));
}

}  // namespace
}  // namespace ccm::fleet
