// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "fleet/etcd/etcd_messages.h"

namespace ccm::fleet {
namespace {

cloud::JsonDocument answer_of(std::string_view text) {
  return cloud::JsonDocument::parse(text).value();
}

TEST(EtcdMessages, AsksForAKeyAndForAllThatBeginAlike) {
  EXPECT_EQ(range_body({.key = "a"}), R"({"key":"YQ=="})");
  const EtcdRange all = range_of_prefix("/cl/");
  EXPECT_EQ(all.end, "/cl0");
  EXPECT_EQ(range_body({.key = "a", .end = "b", .limit = 7}),
            R"({"key":"YQ==","range_end":"Yg==","limit":"7"})");
}

// A field that etcd does not know would be ignored, and the write happen without a condition.
TEST(EtcdMessages, SpellsEveryFieldOfATransaction) {
  const EtcdTransaction transaction{
      .compares = {{.key = "l", .of = EtcdCompare::Of::created, .revision = 12},
                   {.key = "c", .of = EtcdCompare::Of::modified, .revision = 0}},
      .changes = {{.key = "c", .value = std::string("\0\xff", 2), .lease = 5},
                  {.key = "d", .value = std::nullopt},
                  {.key = "d", .value = std::nullopt, .end = "e"}}};
  EXPECT_EQ(
      transaction_body(transaction).value(),
      R"({"compare":[{"key":"bA==","target":"CREATE","result":"EQUAL","create_revision":"12"},)"
      R"({"key":"Yw==","target":"MOD","result":"EQUAL","mod_revision":"0"}],)"
      R"("success":[{"request_put":{"key":"Yw==","value":"AP8=","lease":"5"}},)"
      R"({"request_delete_range":{"key":"ZA=="}},)"
      R"({"request_delete_range":{"key":"ZA==","range_end":"ZQ=="}}],)"
      R"("failure":[{"request_range":{"key":"Yw=="}}]})");
}

TEST(EtcdMessages, SpellsComparisonsOfARange) {
  const EtcdTransaction transaction{.compares = {{.key = "a",
                                                  .of = EtcdCompare::Of::modified,
                                                  .revision = 7,
                                                  .end = "b",
                                                  .may_be_earlier = true}},
                                    .changes = {{.key = "c", .value = std::nullopt}}};
  EXPECT_EQ(transaction_body(transaction).value(),
            R"({"compare":[{"key":"YQ==","target":"MOD","result":"LESS","mod_revision":"8",)"
            R"("range_end":"Yg=="}],"success":[{"request_delete_range":{"key":"Yw=="}}],)"
            R"("failure":[{"request_range":{"key":"Yw=="}}]})");
}

TEST(EtcdMessages, RefusesWhatEtcdWouldNotTake) {
  EtcdTransaction transaction;
  EXPECT_EQ(transaction_body(transaction).error().kind(), ErrorKind::invalid);
  transaction.changes.push_back({.key = "k", .value = std::string(kMostRequestBytes, 'x')});
  EXPECT_FALSE(transaction_body(transaction));
  transaction.changes.assign(kMostOperations + 1, {.key = "k", .value = "v"});
  EXPECT_FALSE(transaction_body(transaction));
  transaction.changes.pop_back();
  EXPECT_TRUE(transaction_body(transaction));
}

TEST(EtcdMessages, SpellsLeasesWatchesAndLogIns) {
  EXPECT_EQ(grant_body(15), R"({"TTL":"15"})");
  EXPECT_EQ(lease_body(9007199254740993), R"({"ID":"9007199254740993"})");
  EXPECT_EQ(
      watch_body({.key = "a", .end = "b"}, 3),
      R"({"create_request":{"key":"YQ==","range_end":"Yg==","start_revision":"3","progress_notify":true}})");
  EXPECT_EQ(login_body(Secret::copy_of("u\""), Secret::copy_of("p")).reveal(),
            R"({"name":"u\"","password":"p"})");
}

TEST(EtcdMessages, ReadsAPage) {
  const auto page = parse_page(answer_of(
      R"({"header":{"revision":"8"},"kvs":[{"key":"YQ==","create_revision":"2","mod_revision":"7",)"
      R"("version":"2","value":"AP8=","lease":"5"},{"key":"Yg=="}],"more":true,"count":"3"})"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->revision, 8U);
  EXPECT_TRUE(page->has_more);
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->items[0].value, std::string("\0\xff", 2));
  EXPECT_EQ(page->items[0].created, 2U);
  EXPECT_EQ(page->items[0].modified, 7U);
  EXPECT_EQ(page->items[0].lease, 5U);
  EXPECT_EQ(page->items[1].value, "") << "what is empty is left out";
  EXPECT_TRUE(parse_page(answer_of(R"({"header":{"revision":"8"}})"))->items.empty());
}

TEST(EtcdMessages, DoesNotBelieveAnAnswerOfSomethingElse) {
  for (const char* text : {"{}", R"({"header":{"revision":"-1"}})",
                           R"({"header":{"revision":"1"},"kvs":[{"key":"*"}]})"}) {
    const auto page = parse_page(answer_of(text));
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().kind(), ErrorKind::transient);
  }
  EXPECT_FALSE(parse_outcome(answer_of("{}")));
}

TEST(EtcdMessages, ReadsWhatBecameOfATransaction) {
  const auto happened = parse_outcome(answer_of(
      R"({"header":{"revision":"9"},"succeeded":true,"responses":[{"response_put":{}}]})"));
  EXPECT_TRUE(happened->has_happened);
  EXPECT_EQ(happened->revision, 9U);
  const auto not_so = parse_outcome(answer_of(
      R"({"header":{"revision":"9"},"responses":[{"response_range":{"kvs":[{"key":"Yw==",)"
      R"("mod_revision":"4","value":"YQ=="}]}}]})"));
  EXPECT_FALSE(not_so->has_happened);
  EXPECT_EQ(not_so->found.value().value, "a");
  EXPECT_EQ(not_so->found.value().modified, 4U);
}

TEST(EtcdMessages, ReadsTheLinesOfAWatch) {
  const auto news = parse_news(
      R"({"result":{"header":{"revision":"6"},"events":[{"kv":{"key":"YQ==","mod_revision":"5",)"
      R"("value":"eA=="}},{"type":"DELETE","kv":{"key":"Yg==","mod_revision":"6"}}]}})");
  ASSERT_TRUE(news);
  ASSERT_EQ(news->events.size(), 2U);
  EXPECT_FALSE(news->events[0].is_removed);
  EXPECT_EQ(news->events[0].item.value, "x");
  EXPECT_TRUE(news->events[1].is_removed);
  EXPECT_EQ(news->events[1].item.modified, 6U);
  const auto compacted = parse_news(
      R"({"result":{"header":{"revision":"6"},"canceled":true,"compact_revision":"4"}})");
  EXPECT_TRUE(compacted->is_canceled);
  EXPECT_EQ(compacted->compacted, 4U);
  EXPECT_FALSE(parse_news(R"({"error":{"grpc_code":14,"message":"no leader"}})"));
  EXPECT_FALSE(parse_news("<html>"));
}

}  // namespace
}  // namespace ccm::fleet
