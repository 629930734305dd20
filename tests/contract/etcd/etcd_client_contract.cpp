// SPDX-License-Identifier: Apache-2.0
// The client against a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../cloud/loopback_server.h"
#include "base/clock.h"
#include "cloud/transport/curl_client.h"
#include "fleet/etcd/etcd_client.h"
#include "support/etcd_cluster.h"
#include "support/test_pki.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

bool becomes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

void wait_until_up(EtcdClient& client) {
  ASSERT_TRUE(becomes_true([&] {
    const auto page = client.range({.key = "x"});
    return page || page.error().kind() == ErrorKind::unauthorized;
  }));
}

EtcdTransaction put(std::string key, std::string value, EtcdRevision expected = 0) {
  return {.compares = {{.key = key, .of = EtcdCompare::Of::modified, .revision = expected}},
          .changes = {{.key = key, .value = std::move(value)}}};
}

class EtcdContract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::EtcdCluster::is_installed()) GTEST_SKIP() << "there is no /usr/bin/etcd";
  }
  void start(std::size_t members) {
    cluster_ = std::make_unique<test::EtcdCluster>(members);
    client_ = EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
    wait_until_up(*client_);
  }
  // What the client has no call for.
  cloud::HttpResponse post(const std::string& path, const std::string& body) {
    return cloud::make_curl_client({})
        .value()
        ->send({.method = "POST",
                .url = cluster_->endpoints().front() + "/v3/" + path,
                .headers = {},
                .body = body})
        .value();
  }

  std::unique_ptr<test::EtcdCluster> cluster_;
  std::unique_ptr<EtcdClient> client_;
  FileDescriptor stop_{eventfd(0, EFD_CLOEXEC)};
};

TEST_F(EtcdContract, WritesOnlyWhatTheComparisonsAllow) {
  start(1);
  const std::string bytes("\0\xff\n", 3);
  const EtcdOutcome first = client_->commit(put("/a/1", bytes)).value();
  EXPECT_TRUE(first.has_happened);
  const EtcdPage page = client_->range({.key = "/a/1"}).value();
  ASSERT_THAT(page.items, SizeIs(1));
  EXPECT_EQ(page.items[0].value, bytes);
  EXPECT_EQ(page.items[0].modified, first.revision);
  EXPECT_EQ(page.items[0].created, first.revision);
  const EtcdOutcome refused = client_->commit(put("/a/1", "other")).value();
  EXPECT_FALSE(refused.has_happened);
  EXPECT_EQ(refused.found.value().value, bytes);
  EXPECT_TRUE(client_->commit(put("/a/1", "next", first.revision))->has_happened);
  EXPECT_FALSE(client_
                   ->commit({.compares = {{.key = "/a/1",
                                           .of = EtcdCompare::Of::created,
                                           .revision = first.revision + 1}},
                             .changes = {{.key = "/a/1", .value = std::nullopt}}})
                   ->has_happened);
  EXPECT_TRUE(client_->commit({.compares = {}, .changes = {{.key = "/a/1", .value = std::nullopt}}})
                  ->has_happened);
  EXPECT_THAT(client_->range({.key = "/a/1"})->items, SizeIs(0));
}

// Nobody is to wait for each of many members that hang.
TEST_F(EtcdContract, ACallGivesUpBeforeItHasWaitedForAllMembers) {
  const auto hangs = [](test::Connection& connection) { connection.wait_for_end(); };
  std::vector<std::unique_ptr<test::LoopbackServer>> members;
  EtcdOptions options{.endpoints = {}, .patience = 200ms};
  for (int i = 0; i < 7; ++i) {
    members.push_back(std::make_unique<test::LoopbackServer>(hangs));
    options.endpoints.push_back(members.back()->url(""));
  }
  const auto client = EtcdClient::make(std::move(options)).value();
  EXPECT_FALSE(client->is_silent());
  EXPECT_EQ(client->range({.key = "x"}).error().kind(), ErrorKind::transient);
  int asked = 0;
  for (const auto& member : members) asked += member->connections();
  EXPECT_LE(asked, 3);
  EXPECT_TRUE(client->is_silent());
}

TEST_F(EtcdContract, IsSilentUntilAMemberAnswers) {
  cluster_ = std::make_unique<test::EtcdCluster>(1);
  client_ = EtcdClient::make({.endpoints = cluster_->endpoints(), .patience = 300ms}).value();
  wait_until_up(*client_);
  EXPECT_FALSE(client_->is_silent());
  cluster_->freeze_member(0);
  EXPECT_FALSE(client_->range({.key = "x"}));
  EXPECT_TRUE(client_->is_silent());
  cluster_->thaw_member(0);
  ASSERT_TRUE(becomes_true([&] { return client_->range({.key = "x"}).has_value(); }));
  EXPECT_FALSE(client_->is_silent());
}

TEST_F(EtcdContract, KnowsHowTheClocksDiffer) {
  EXPECT_FALSE(EtcdClient::make({.endpoints = {"http://127.0.0.1:1"}}).value()->clock_ahead());
  start(1);
  const auto ahead = client_->clock_ahead();
  ASSERT_TRUE(ahead) << "every answer has a date";
  EXPECT_LE(std::chrono::abs(*ahead), 2s) << "it is the same clock";
}

TEST_F(EtcdContract, ReadsLongRangesInPages) {
  start(1);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client_->commit(put("/b/" + std::to_string(i), "v"))->has_happened);
  }
  ASSERT_TRUE(client_->commit(put("/c", "v"))->has_happened);
  const EtcdPage all = client_->read_all(range_of_prefix("/b/"), 2).value();
  EXPECT_THAT(all.items, SizeIs(5));
  EXPECT_EQ(all.items.back().key, "/b/4");
}

TEST_F(EtcdContract, LosesKeysWithTheirLease) {
  start(1);
  const EtcdLease lease = client_->grant(5s).value();
  EtcdTransaction locked = put("/lock", "me");
  locked.changes.front().lease = lease;
  ASSERT_TRUE(client_->commit(locked)->has_happened);
  EXPECT_EQ(client_->range({.key = "/lock"})->items.at(0).lease, lease);
  EXPECT_EQ(client_->keep_alive(lease).value(), 5s);
  ASSERT_TRUE(client_->revoke(lease));
  EXPECT_THAT(client_->range({.key = "/lock"})->items, SizeIs(0));
  EXPECT_EQ(client_->keep_alive(lease).error().kind(), ErrorKind::rejected);
  EXPECT_TRUE(client_->revoke(lease)) << "it is gone, as was wished for";
  EXPECT_EQ(client_->commit(locked).error().kind(), ErrorKind::rejected);
}

TEST_F(EtcdContract, HearsOfChangesFromARevisionOnUntilStopped) {
  start(1);
  const EtcdRevision before = client_->commit(put("/w/1", "first"))->revision;
  std::mutex mutex;
  std::vector<EtcdEvent> heard;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return heard.size();
  };
  std::thread watcher([&] {
    EXPECT_TRUE(client_->watch(
        range_of_prefix("/w/"), before,
        [&](const EtcdNews& news) {
          const std::lock_guard lock(mutex);
          heard.insert(heard.end(), news.events.begin(), news.events.end());
          return true;
        },
        stop_.get()));
  });
  EXPECT_TRUE(becomes_true([&] { return count() == 1; }));
  EXPECT_TRUE(client_->commit(put("/w/2", "second"))->has_happened);
  EXPECT_TRUE(client_->commit(put("/x", "elsewhere"))->has_happened);
  EXPECT_TRUE(client_->commit({.compares = {}, .changes = {{.key = "/w/1", .value = std::nullopt}}})
                  ->has_happened);
  EXPECT_TRUE(becomes_true([&] { return count() == 3; }));
  eventfd_write(stop_.get(), 1);
  watcher.join();
  ASSERT_THAT(heard, SizeIs(3));
  EXPECT_EQ(heard[1].item.value, "second");
  EXPECT_TRUE(heard[2].is_removed);
  EXPECT_EQ(heard[2].item.key, "/w/1");
}

TEST_F(EtcdContract, SaysWhatIsCompacted) {
  start(1);
  EtcdRevision last = 0;
  for (int i = 0; i < 3; ++i) last = client_->commit(put("/k", "v", last))->revision;
  ASSERT_EQ(post("kv/compaction", R"({"revision":")" + std::to_string(last) + "\"}").status, 200);
  EtcdNews last_news;
  ASSERT_TRUE(client_->watch(
      range_of_prefix("/"), 1,
      [&](const EtcdNews& news) {
        last_news = news;
        return true;
      },
      stop_.get()));
  EXPECT_TRUE(last_news.is_canceled);
  EXPECT_EQ(last_news.compacted, last);
}

TEST_F(EtcdContract, TakesMoreThanFitsIntoOneAnswer) {
  start(1);
  // How long so much takes on a busy machine is not the question here.
  client_ = EtcdClient::make({.endpoints = cluster_->endpoints(), .patience = 20s}).value();
  const std::string large(1'000'000, 'x');
  constexpr std::size_t kCount = 16;
  for (std::size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(client_->commit(put("/large/" + std::to_string(i), large)));
  }
  const Result<EtcdPage> all = client_->read_all(range_of_prefix("/large/"));
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_THAT(all->items, SizeIs(kCount));
  EtcdNews last_news;
  ASSERT_TRUE(client_->watch(
      range_of_prefix("/large/"), 1,
      [&](const EtcdNews& news) {
        last_news = news;
        return !news.is_canceled;
      },
      stop_.get()));
  EXPECT_TRUE(last_news.is_canceled);
}

TEST_F(EtcdContract, EndsASilentWatch) {
  start(1);
  client_ = EtcdClient::make({.endpoints = cluster_->endpoints(), .silence = 100ms}).value();
  EXPECT_TRUE(client_->watch(
      range_of_prefix("/"), 0, [](const EtcdNews&) { return true; }, stop_.get()));
}

// The other one is away, so a watch there would fail.
TEST_F(EtcdContract, BeginsASilentWatchAgainAtTheSameMember) {
  start(1);
  client_ = EtcdClient::make(
                {.endpoints = {cluster_->endpoints()[0], "http://127.0.0.1:1"}, .silence = 300ms})
                .value();
  for (int i = 0; i < 3; ++i) {
    const Result<void> ended = client_->watch(
        range_of_prefix("/"), 0, [](const EtcdNews&) { return true; }, stop_.get());
    EXPECT_TRUE(ended) << ended.error().message();
  }
}

// It keeps its connections, so only its silence tells. What it would have told comes from another.
TEST_F(EtcdContract, HearsOfWhatHappensWhileTheMemberThatItListensToHangs) {
  start(3);
  const EtcdRevision first = client_->commit(put("/k", "0"))->revision;
  auto listener = EtcdClient::make({.endpoints = cluster_->endpoints(), .silence = 1h}).value();
  std::atomic<bool> listens{false};
  std::atomic<bool> has_heard{false};
  std::thread listening([&] {
    while (!has_heard) {
      static_cast<void>(listener->watch(
          range_of_prefix("/"), first + 1,
          [&](const EtcdNews& news) {
            listens = true;
            has_heard = has_heard || !news.events.empty();
            return !has_heard;
          },
          stop_.get()));
    }
  });
  ASSERT_TRUE(becomes_true([&] { return listens.load(); }));
  cluster_->freeze_member(0);
  EXPECT_TRUE(becomes_true([&] {
    const auto outcome = client_->commit(put("/k", "1", first));
    return outcome && (outcome->has_happened || outcome->found->value == "1");
  }));
  EXPECT_TRUE(becomes_true([&] { return has_heard.load(); }));
  has_heard = true;
  static_cast<void>(eventfd_write(stop_.get(), 1));
  listening.join();
  cluster_->thaw_member(0);
}

// It answers, and has no leader: its watches would tell of nothing.
TEST_F(EtcdContract, LeavesAMemberThatIsCutOffFromTheOthers) {
  start(3);
  auto listener =
      EtcdClient::make({.endpoints = {cluster_->endpoints()[0]}, .silence = 1h}).value();
  std::atomic<bool> listens{false};
  Result<void> ended;
  std::thread listening([&] {
    ended = listener->watch(
        range_of_prefix("/"), 0,
        [&](const EtcdNews&) {
          listens = true;
          return true;
        },
        stop_.get());
  });
  ASSERT_TRUE(becomes_true([&] { return listens.load(); }));
  cluster_->freeze_member(1);
  cluster_->freeze_member(2);
  listening.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind(), ErrorKind::transient);
  EXPECT_THAT(ended.error().message(), HasSubstr("no leader"));
  for (const std::size_t member : {1U, 2U}) cluster_->thaw_member(member);
}

// A member that has nothing to tell is not left for that.
TEST_F(EtcdContract, StaysWithAMemberThatHasNothingToTell) {
  start(1);
  client_ =
      EtcdClient::make({.endpoints = cluster_->endpoints(), .silence = 1h, .quiet = 10ms}).value();
  int begun = 0;
  std::string heard;
  std::thread changing([&] {
    auto other = EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
    // Long enough for many questions whether it is alive.
    std::this_thread::sleep_for(500ms);
    EXPECT_TRUE(other->commit(put("/k", "late")));
  });
  EXPECT_TRUE(client_->watch(
      range_of_prefix("/"), 0,
      [&](const EtcdNews& news) {
        if (news.events.empty()) ++begun;
        for (const EtcdEvent& event : news.events) heard = event.item.value;
        return heard.empty();
      },
      stop_.get()));
  changing.join();
  EXPECT_EQ(heard, "late");
  EXPECT_EQ(begun, 1);
}

TEST_F(EtcdContract, GoesOnWithoutAnyOneMember) {
  start(3);
  EtcdRevision last = client_->commit(put("/k", "0"))->revision;
  for (std::size_t member = 0; member < 3; ++member) {
    cluster_->kill_member(member);
    EXPECT_TRUE(becomes_true([&] {
      const auto outcome = client_->commit(put("/k", std::to_string(member), last));
      if (outcome) last = outcome->has_happened ? outcome->revision : outcome->found->modified;
      return outcome && outcome->has_happened;
    })) << member;
    cluster_->start_member(member);
    auto alone = EtcdClient::make({.endpoints = {cluster_->endpoints()[member]}}).value();
    wait_until_up(*alone);
  }
}

TEST_F(EtcdContract, DoesNotWaitForAFrozenMember) {
  start(3);
  client_ = EtcdClient::make({.endpoints = cluster_->endpoints(), .patience = 500ms}).value();
  const EtcdRevision last = client_->commit(put("/k", "0"))->revision;
  cluster_->freeze_member(0);
  EXPECT_TRUE(becomes_true([&] {
    const auto outcome = client_->commit(put("/k", "1", last));
    return outcome && (outcome->has_happened || outcome->found->value == "1");
  }));
  cluster_->thaw_member(0);
}

// The answer to the first attempt is lost; the second finds that its comparison fails.
TEST_F(EtcdContract, FindsOutThatATransactionHasHappenedAlthoughItsAnswerWasLost) {
  start(1);
  int lost = 0;
  const test::LoopbackServer loses_answers([&](test::Connection& connection) {
    const auto request = connection.read_request();
    if (!request) return;
    ++lost;
    post("kv/txn", request->substr(request->find("\r\n\r\n") + 4));
    connection.reset();
  });
  auto unlucky =
      EtcdClient::make({.endpoints = {"http://127.0.0.1:" + std::to_string(loses_answers.port()),
                                      cluster_->endpoints().front()}});
  ASSERT_TRUE(unlucky);
  const EtcdOutcome outcome = (*unlucky)->commit(put("/k", "sealed anew")).value();
  EXPECT_TRUE(outcome.has_happened);
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(client_->range({.key = "/k"})->items.at(0).modified, outcome.revision);
}

TEST_F(EtcdContract, SaysThatEtcdIsFullAndStillReads) {
  cluster_ = std::make_unique<test::EtcdCluster>(
      1, test::EtcdTls{}, std::vector<std::string>{"--quota-backend-bytes", "3000000"});
  client_ = EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
  wait_until_up(*client_);
  std::optional<Error> problem;
  for (int i = 0; i < 20 && !problem; ++i) {
    const auto outcome = client_->commit(put("/f/" + std::to_string(i), std::string(1 << 20, 'x')));
    if (!outcome) problem = outcome.error();
  }
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->kind(), ErrorKind::transient);
  EXPECT_THAT(problem->message(), HasSubstr("full"));
  EXPECT_THAT(client_->range({.key = "/f/0"})->items, SizeIs(1));
}

TEST_F(EtcdContract, LogsInWhereAuthenticationIsOn) {
  start(1);
  const auto make = [&](const char* user, const char* password) {
    return EtcdClient::make({.endpoints = cluster_->endpoints(),
                             .user = Secret::copy_of(user),
                             .password = Secret::copy_of(password)})
        .value();
  };
  EXPECT_TRUE(make("root", "pass")->range({.key = "k"})) << "nobody has to log in yet";
  for (const auto& [path, body] :
       {std::pair("auth/user/add", R"({"name":"root","password":"pass"})"),
        std::pair("auth/role/add", R"({"name":"root"})"),
        std::pair("auth/user/grant", R"({"user":"root","role":"root"})"),
        std::pair("auth/user/add", R"({"name":"guest","password":"guest"})"),
        std::pair("auth/enable", "{}")}) {
    ASSERT_EQ(post(path, body).status, 200) << path;
  }
  const auto anonymous = client_->range({.key = "k"});
  ASSERT_FALSE(anonymous);
  EXPECT_EQ(anonymous.error().kind(), ErrorKind::unauthorized);
  EXPECT_THAT(anonymous.error().message(), HasSubstr("a user and a password"));
  const auto wrong = make("root", "wrong")->range({.key = "k"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind(), ErrorKind::unauthorized);
  EXPECT_THAT(wrong.error().message(), HasSubstr("refuses"));
  EXPECT_EQ(make("guest", "guest")->range({.key = "k"}).error().kind(), ErrorKind::rejected);
  const auto known = make("root", "pass");
  EXPECT_TRUE(known->commit(put("/k", "v"))->has_happened);
  const EtcdRevision since = known->range({.key = "/k"})->revision;
  EXPECT_TRUE(known->watch(
      range_of_prefix("/"), since, [](const EtcdNews& news) { return news.events.empty(); },
      stop_.get()));
}

TEST_F(EtcdContract, ShowsItsCertificateAndChecksTheirs) {
  const SystemClock clock;
  const test::TestCertificateOptions now{.not_before = clock.now() - test::kTestDay,
                                         .not_after = clock.now() + test::kTestDay};
  const auto made = [&](const test::TestAuthority* issuer, std::vector<std::string> usages) {
    test::TestCertificateOptions options = now;
    options.is_ca = issuer == nullptr;
    if (options.is_ca) options.common_name = "etcd CA";
    if (!options.is_ca) options.names = {"IP:127.0.0.1"};
    options.extended_key_usage = std::move(usages);
    return test::make_test_certificate(issuer, options);
  };
  const test::TestAuthority authority = made(nullptr, {});
  // etcd's gateway is a client of etcd itself, with the same certificate.
  const test::TestCertificate server = made(&authority, {"serverAuth", "clientAuth"});
  const test::TestCertificate client = made(&authority, {"clientAuth"});
  cluster_ = std::make_unique<test::EtcdCluster>(
      1, test::EtcdTls{.certificate = server.certificate.to_pem(),
                       .key = server.key_pem(),
                       .client_authority = authority.certificate.to_pem()});
  const auto make = [&](const std::optional<std::string>& ca, const std::string& certificate) {
    return EtcdClient::make(
               {.endpoints = cluster_->endpoints(),
                .ca_pem = ca,
                .certificate_pem = certificate,
                .key_pem = certificate.empty() ? Secret() : client.key.to_pem().value()})
        .value();
  };
  const std::string ca = authority.certificate.to_pem();
  const auto known = make(ca, client.certificate.to_pem());
  wait_until_up(*known);
  EXPECT_TRUE(known->commit(put("/k", "v"))->has_happened);
  EXPECT_FALSE(make(ca, "")->range({.key = "/k"}));
  EXPECT_FALSE(make(std::nullopt, client.certificate.to_pem())->range({.key = "/k"}));
}

TEST(EtcdOptions, AreJudgedBeforeAnythingIsSent) {
  const auto error_of = [](EtcdOptions options) {
    const auto client = EtcdClient::make(std::move(options));
    return client ? std::string() : client.error().message();
  };
  EXPECT_THAT(error_of({.endpoints = {}}), HasSubstr("no endpoint"));
  EXPECT_THAT(error_of({.endpoints = {"http://10.0.0.1:2379"}}), HasSubstr("10.0.0.1"));
  EXPECT_THAT(error_of({.endpoints = {"https://a"}, .ca_pem = "x"}), HasSubstr("no certificate"));
  EXPECT_THAT(error_of({.endpoints = {"https://a"}, .ca_pem = ""}), HasSubstr("no certificate"));
  const auto one = test::make_test_self_signed({.names = {"a"}});
  const auto other = test::make_test_self_signed({.names = {"a"}});
  EXPECT_THAT(error_of({.endpoints = {"https://a"},
                        .certificate_pem = one.certificate.to_pem(),
                        .key_pem = other.key.to_pem().value()}),
              HasSubstr("does not fit"));
}

}  // namespace
}  // namespace ccm::fleet
