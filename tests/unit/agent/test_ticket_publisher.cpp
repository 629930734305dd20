// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "agent/publishing/ticket_publisher.h"
#include "publication/reader.h"
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

class TicketPublisherTest : public testing::Test {
 protected:
  // A key that seals from then on, behind those that there are.
  void keep(Seconds in) {
    auto stored = store::read_ticket_keys(store_).value();
    stored.keys.push_back(policy::make_ticket_key(clock_.now() + in).value());
    ASSERT_TRUE(store::write_ticket_keys(store_, *lease_, stored.keys, stored.version));
  }
  policy::TicketKeys published() {
    return store::parse_ticket_keys(reader_.ticket_keys().value()).value();
  }
  policy::TicketKeys refresh(TicketPublisher& publisher) {
    publisher.refresh(writer_, clock_.now());
    return published();
  }

  test::FakeClock clock_;
  test::MemoryStore store_;
  std::unique_ptr<store::Lease> lease_ = store_.try_lead().value();
  test::MemoryLog log_;
  publication::Writer writer_ = publication::Writer::create({"www"}).value();
  publication::Reader reader_ = publication::Reader::open(writer_.open_read_only().value()).value();
  TicketPublisher publisher_{config::TicketKeys::fleet, store_, log_};
};

TEST_F(TicketPublisherTest, PublishesTheKeysAsTheyChange) {
  EXPECT_THAT(refresh(publisher_), IsEmpty());
  EXPECT_EQ(reader_.ticket_keys_generation(), 0U);
  keep(Seconds(0));
  EXPECT_EQ(refresh(publisher_), store::read_ticket_keys(store_).value().keys);
  const std::uint64_t generation = reader_.ticket_keys_generation();
  refresh(publisher_);
  EXPECT_EQ(reader_.ticket_keys_generation(), generation);
  keep(policy::kTicketPeriod);
  EXPECT_THAT(refresh(publisher_), SizeIs(2));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("keys that all servers of the store share")));
}

// Whoever leads may be gone.
TEST_F(TicketPublisherTest, TakesKeysAwayWhoseLifeIsOver) {
  keep(Seconds(0));
  keep(policy::kTicketPeriod);
  EXPECT_THAT(refresh(publisher_), SizeIs(2));
  clock_.advance(policy::kTicketLife);
  EXPECT_THAT(refresh(publisher_), SizeIs(1));
  clock_.advance(policy::kTicketLife);
  EXPECT_THAT(refresh(publisher_), IsEmpty());
}

TEST_F(TicketPublisherTest, GoesOnWithWhatIsPublishedWhileTheRecordIsDamaged) {
  keep(Seconds(0));
  refresh(publisher_);
  store_.damage_record(std::string(store::kStoreWide), std::string(store::kTicketKeys));
  EXPECT_THAT(refresh(publisher_), SizeIs(1));
  refresh(publisher_);
  EXPECT_THAT(log_.errors(), SizeIs(1));
}

TEST_F(TicketPublisherTest, WipesThemWhereTheServerDoesNotWantThemAnyMore) {
  keep(Seconds(0));
  refresh(publisher_);
  TicketPublisher other(config::TicketKeys::own, store_, log_);
  EXPECT_THAT(refresh(other), IsEmpty());
}

}  // namespace
}  // namespace ccm::agent
