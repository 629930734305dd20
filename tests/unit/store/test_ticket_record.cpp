// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "store/ticket_record.h"
#include "support/memory_store.h"

namespace ccm::store {
namespace {

using testing::IsEmpty;

policy::TicketKeys some_keys(std::size_t count) {
  policy::TicketKeys keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(policy::make_ticket_key(Time(Seconds(5'000'000'000 + i))).value());
  }
  return keys;
}

std::string text_of_keys(std::size_t count) {
  return std::string(serialize_ticket_keys(some_keys(count)).reveal());
}

TEST(TicketRecord, IsReadAsItWasWritten) {
  for (const std::size_t count : {0U, 1U, 3U, 8U}) {
    const policy::TicketKeys keys = some_keys(count);
    EXPECT_EQ(parse_ticket_keys(serialize_ticket_keys(keys)).value(), keys) << count;
  }
  EXPECT_TRUE(serialize_ticket_keys({}).empty());
}

TEST(TicketRecord, RefusesWhatIsCutShortOrLonger) {
  const std::string whole = text_of_keys(2);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_ticket_keys(Secret::copy_of(whole.substr(0, size)))) << size;
  }
  EXPECT_FALSE(parse_ticket_keys(Secret::copy_of(whole + "x")));
}

TEST(TicketRecord, RefusesTooManyAndWrongOrders) {
  EXPECT_FALSE(parse_ticket_keys(Secret::copy_of(text_of_keys(9))));
  policy::TicketKeys keys = some_keys(2);
  std::swap(keys[0], keys[1]);
  EXPECT_FALSE(parse_ticket_keys(serialize_ticket_keys(keys)));
  keys = some_keys(1);
  keys[0].from = Time(Seconds(-1));
  EXPECT_FALSE(parse_ticket_keys(serialize_ticket_keys(keys)));
  keys = some_keys(1);
  keys[0].secret = Secret::copy_of("short");
  EXPECT_FALSE(parse_ticket_keys(serialize_ticket_keys(keys)));
}

TEST(TicketRecord, IsReplacedOnlyByWhoeverHasReadIt) {
  test::MemoryStore store;
  const auto lease = store.try_lead().value();
  EXPECT_THAT(read_ticket_keys(store).value().keys, IsEmpty());
  const policy::TicketKeys first = some_keys(1);
  ASSERT_TRUE(write_ticket_keys(store, *lease, first, 0));
  const StoredTicketKeys stored = read_ticket_keys(store).value();
  EXPECT_EQ(stored.keys, first);
  const auto late = write_ticket_keys(store, *lease, some_keys(2), 0);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::transient);
  const policy::TicketKeys second = some_keys(2);
  ASSERT_TRUE(write_ticket_keys(store, *lease, second, stored.version));
  EXPECT_EQ(read_ticket_keys(store).value().keys, second);
  ASSERT_TRUE(write_ticket_keys(store, *lease, {}, 0));
  EXPECT_EQ(read_ticket_keys(store).value().version, 0U);
}

}  // namespace
}  // namespace ccm::store
