// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "sources/pca/order.h"
#include "support/memory_store.h"
#include "support/test_pki.h"

namespace ccm::sources {
namespace {

using ccm::test::kTestNow;
using ccm::test::MemoryStore;

Order make_order() {
  return {.key = ccm::test::make_test_key(),
          .created_at = kTestNow,
          .certificate_id = "id-1",
          .spec_fingerprint = "f00d"};
}

TEST(Order, SurvivesWriting) {
  const Order order = make_order();
  const Result<Order> parsed = parse_order(serialize(order).value());
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_TRUE(parsed->key->has_same_public_key(*order.key));
  EXPECT_EQ(parsed->created_at, order.created_at);
  EXPECT_EQ(parsed->certificate_id, order.certificate_id);
  EXPECT_EQ(parsed->spec_fingerprint, order.spec_fingerprint);
}

TEST(Order, MayHaveNoKeyAndNoIdYet) {
  Order order = make_order();
  order.key.reset();
  order.certificate_id.clear();
  const Result<Order> parsed = parse_order(serialize(order).value());
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_FALSE(parsed->key);
  EXPECT_EQ(parsed->certificate_id, "");
}

TEST(Order, RefusesWhatItDidNotWrite) {
  for (const std::string_view text :
       {"", "created_at: 1\n", "created_at: x\ncertificate_id: \n\n",
        "created_at: 1\ncertificate_id: \nspec_fingerprint: f\n\nkey"}) {
    EXPECT_FALSE(parse_order(Secret::copy_of(text))) << text;
  }
}

TEST(Order, IsRewrittenOverItsOwnVersionOnly) {
  MemoryStore store;
  const auto lease = store.try_lead().value();
  Order order = make_order();
  Order rival = make_order();
  ASSERT_TRUE(write_order(store, *lease, "www", order));
  ASSERT_TRUE(write_order(store, *lease, "www", order));
  EXPECT_FALSE(write_order(store, *lease, "www", rival));
  const auto read = read_order(store, *lease, "www").value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, order.version);
  EXPECT_TRUE(read->key->has_same_public_key(*order.key));
}

TEST(Order, CountsAsNoneWhenDamaged) {
  MemoryStore store;
  const auto lease = store.try_lead().value();
  ASSERT_TRUE(
      store.write_record(*lease, "www", "order", Secret::copy_of(std::string_view("garbage")), 0));
  EXPECT_FALSE(read_order(store, *lease, "www").value());
  Order order = make_order();
  EXPECT_TRUE(write_order(store, *lease, "www", order));
}

}  // namespace
}  // namespace ccm::sources
