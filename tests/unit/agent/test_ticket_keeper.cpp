// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "agent/ticket_keeper.h"
#include "store/ticket_record.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/memory_store.h"

namespace ccm::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TicketKeeperTest : public testing::Test {
 protected:
  policy::TicketKeys kept() { return store::read_ticket_keys(store_).value().keys; }
  void look(TicketKeeper& keeper) { keeper.look(clock_.now()); }
  void go_on(TicketKeeper& keeper, Seconds time) {
    const Time end = clock_.now() + time;
    while (keeper.next_wake() < end) {
      clock_.set(std::max(keeper.next_wake(), clock_.now()));
      look(keeper);
    }
    clock_.set(end);
    look(keeper);
  }

  test::FakeClock clock_;
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  test::MemoryLog log_;
  TicketKeeper keeper_{config::TicketKeys::fleet, store_, *lease_, log_};
  TicketKeeper idle_{config::TicketKeys::own, store_, *lease_, log_};
};

TEST_F(TicketKeeperTest, MakesKeysInTimeAndDeletesThem) {
  look(keeper_);
  EXPECT_THAT(kept(), SizeIs(1));
  EXPECT_EQ(keeper_.next_wake(), clock_.now() + policy::kFirstWait);
  const policy::TicketKey first = std::move(kept()[0]);
  go_on(keeper_, Seconds(86400));
  EXPECT_THAT(kept(), SizeIs(4));
  EXPECT_THAT(kept(), testing::Not(testing::Contains(testing::Eq(std::cref(first)))));
  EXPECT_NE(policy::sealing_key(kept(), clock_.now()), nullptr);
  EXPECT_THAT(log_.errors(), IsEmpty());
}

TEST_F(TicketKeeperTest, ALaterLeaderGoesOnWithTheKeysThatThereAre) {
  look(keeper_);
  const policy::TicketKeys before = kept();
  TicketKeeper next(config::TicketKeys::fleet, store_, *lease_, log_);
  look(next);
  EXPECT_EQ(kept(), before);
}

TEST_F(TicketKeeperTest, MakesNoneThatNobodyWants) {
  look(idle_);
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(idle_.next_wake(), Time::max());
}

TEST_F(TicketKeeperTest, DeletesWhatHasEndedAlsoWhenNobodyWantsAny) {
  look(keeper_);
  go_on(idle_, policy::kTicketLife + policy::kFirstWait);
  EXPECT_FALSE(store_.read_record(store::kStoreWide, store::kTicketKeys).value());
}

TEST_F(TicketKeeperTest, ReplacesADamagedRecord) {
  look(keeper_);
  store_.damage_record(std::string(store::kStoreWide), std::string(store::kTicketKeys));
  clock_.advance(TicketKeeper::kBetweenWrites);
  look(keeper_);
  EXPECT_THAT(kept(), SizeIs(1));
}

TEST_F(TicketKeeperTest, MakesKeysAnewWhenTheyAreGoneAndNoOftenerThanItMay) {
  look(keeper_);
  ASSERT_TRUE(store_.remove_record(*lease_, store::kStoreWide, store::kTicketKeys));
  look(keeper_);
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(keeper_.next_wake(), clock_.now() + TicketKeeper::kBetweenWrites);
  clock_.set(keeper_.next_wake());
  look(keeper_);
  EXPECT_THAT(kept(), SizeIs(1));
}

TEST_F(TicketKeeperTest, SaysOnceThatItCannotWriteAndTriesAgain) {
  store_.fail_writes(Error(ErrorKind::internal, "the disk is full"));
  look(keeper_);
  clock_.set(keeper_.next_wake());
  look(keeper_);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("the disk is full")));
  store_.fail_writes(std::nullopt);
  clock_.set(keeper_.next_wake());
  look(keeper_);
  EXPECT_THAT(kept(), SizeIs(1));
}

}  // namespace
}  // namespace ccm::agent
