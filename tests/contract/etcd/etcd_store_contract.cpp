// SPDX-License-Identifier: Apache-2.0
// What a store of a fleet does beyond every store's contract (tests/contract/store): several hosts,
// outages, and others who write.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cloud/transport/curl_client.h"
#include "crypto/certificate/pem_block.h"
#include "fleet/store/etcd_store.h"
#include "store/file_store/file_store.h"
#include "store/host/fleet_note.h"
#include "support/admission.h"
#include "support/etcd_cluster.h"
#include "support/happens.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::fleet {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using store::VersionNumber;
using test::happens;

// A host that does not hear of a change looks again later than this.
constexpr auto kFresh = 12s;

// For when etcd wants a log-in.
constexpr const char* kAdministrator = "root";
constexpr const char* kHostsUser = "host";

std::unique_ptr<EtcdClient> client_of(const char* user, std::vector<std::string> endpoints,
                                      std::chrono::milliseconds patience = 2s) {
  return EtcdClient::make({.endpoints = std::move(endpoints),
                           .user = Secret::copy_of(user),
                           .password = Secret::copy_of("pass"),
                           .patience = patience})
      .value();
}

FleetKeys keys_like(const crypto::SealingKey& key) {
  FleetKeys keys;
  keys.keys.push_back({.id = key.id, .key = key.key.clone()});
  return keys;
}

// A machine of the fleet: its state directory outlives its store.
class Host {
 public:
  Host(const std::vector<std::string>& endpoints, const crypto::SealingKey& key,
       const test::TempDirectory* elsewhere = nullptr)
      : endpoints_(endpoints),
        key_{.id = key.id, .key = key.key.clone()},
        directory_(elsewhere != nullptr
                       ? nullptr
                       : std::make_unique<test::TempDirectory>(test::memory_backed_parent())),
        state_path_((elsewhere != nullptr ? elsewhere : directory_.get())->path()) {
    start();
  }
  void start() {
    std::shared_ptr<EtcdClient> etcd = client_of(kHostsUser, endpoints_, 500ms);
    store_ = open_etcd_store(
                 {.state_path = state_path_, .fleet = "web", .host = "h", .lease_life = 2s},
                 std::move(etcd),
                 [this] {
                   FleetKeys keys = keys_like(key_);
                   keys.entry = entry_;
                   keys.entry_modified = entry_modified_;
                   return keys;
                 },
                 log_)
                 .value();
    store_->start();
  }
  // As after kill -9, but for the connections.
  void stop() {
    lease_.reset();
    store_.reset();
  }
  store::Store& store() { return *store_; }
  test::MemoryLog& log() { return log_; }

  bool lead() {
    return happens([&] {
      auto lease = store_->try_lead();
      if (lease && *lease) lease_ = *std::move(lease);
      return lease_ != nullptr;
    });
  }
  void follow() { lease_.reset(); }
  // The host's entry among the members, when it reads the fleet's keys the next time.
  void is_member(const EtcdItem& entry) {
    entry_ = entry.key;
    entry_modified_ = entry.modified;
  }
  Result<store::VersionInfo> install(const crypto::Bundle& bundle) {
    return store_->install(*lease_, test::let_in("www", bundle),
                           {.bundle = bundle,
                            .origin = "pca:1",
                            .expected = store_->current_version("www"),
                            .keep = 2,
                            .now = test::kTestNow});
  }
  std::string served() {
    const auto loaded = store_->load("www").value();
    return loaded.certificate ? loaded.certificate->info.fingerprint : "";
  }
  store::Lease& lease() { return *lease_; }
  // What is wrong here, as ccmctl sees it.
  std::vector<std::string> flaws() const {
    const auto note = store::read_fleet_note(state_path_);
    return note ? note->flaws : std::vector<std::string>();
  }

 private:
  std::vector<std::string> endpoints_;
  crypto::SealingKey key_;
  std::string entry_;
  EtcdRevision entry_modified_ = 0;
  std::unique_ptr<test::TempDirectory> directory_;
  std::string state_path_;
  test::MemoryLog log_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Lease> lease_;
};

class FleetContract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::EtcdCluster::is_installed()) GTEST_SKIP() << "there is no /usr/bin/etcd";
    start(1);
  }
  void start(std::size_t members) {
    cluster_ = std::make_unique<test::EtcdCluster>(members);
    raw_ = client_of(kAdministrator, cluster_->endpoints());
    wait_for_etcd();
  }
  void wait_for_etcd() {
    ASSERT_TRUE(happens([&] { return raw_->range({.key = "x"}).has_value(); }));
  }
  std::unique_ptr<Host> join() { return std::make_unique<Host>(cluster_->endpoints(), key_); }
  // As somebody who may write to etcd and has no key.
  void write(const std::string& key, const std::string& value) {
    ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = key, .value = value}}}));
  }
  std::string read(const std::string& key) {
    const EtcdPage page = raw_->range({.key = key}).value();
    return page.items.empty() ? "" : page.items.front().value;
  }

  // The hosts' user may all from "/cl/web/" up to `end`.
  void want_log_ins(const std::string& end = "/cl/web0") {
    const auto base64 = [](std::string_view text) {
      return crypto::encode_base64(std::as_bytes(std::span(text)));
    };
    const std::string grant = fmt::format(
        R"({{"name":"host","perm":{{"permType":"READWRITE","key":"{}","range_end":"{}"}}}})",
        base64("/cl/web/"), base64(end));
    const auto http = cloud::make_curl_client({}).value();
    for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
             {"auth/user/add", R"({"name":"root","password":"pass"})"},
             {"auth/role/add", R"({"name":"root"})"},
             {"auth/user/grant", R"({"user":"root","role":"root"})"},
             {"auth/user/add", R"({"name":"host","password":"pass"})"},
             {"auth/role/add", R"({"name":"host"})"},
             {"auth/role/grant", grant},
             {"auth/user/grant", R"({"user":"host","role":"host"})"},
             {"auth/enable", "{}"}}) {
      const auto response = http->send({.method = "POST",
                                        .url = cluster_->endpoints().front() + "/v3/" + path,
                                        .headers = {},
                                        .body = body});
      ASSERT_EQ(response.value().status, 200) << path;
    }
  }
  void goes_on_when_a_backup_is_restored();

  crypto::SealingKey key_ = crypto::make_sealing_key().value();
  std::unique_ptr<test::EtcdCluster> cluster_;
  std::unique_ptr<EtcdClient> raw_;
};

TEST_F(FleetContract, EveryHostHasWhatTheLeaderInstalls) {
  const auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  EXPECT_EQ(other->store().try_lead().value(), nullptr) << "one leads";
  for (int i = 0; i < 2; ++i) {
    const crypto::Bundle bundle = test::make_test_bundle();
    ASSERT_TRUE(one->install(bundle));
    EXPECT_TRUE(happens([&] { return other->served() == bundle.leaf().fingerprint(); }, kFresh));
  }
  const auto loaded = other->store().load("www").value().certificate;
  EXPECT_EQ(loaded->info.number, 2U);
  EXPECT_EQ(loaded->info.origin, "pca:1");
  const std::vector<std::byte> response(300, std::byte{7});
  ASSERT_TRUE(one->store().keep_response(one->lease(), "www", 2, response));
  EXPECT_TRUE(happens(
      [&] { return other->store().load("www")->certificate->ocsp_response == response; }, kFresh));
  ASSERT_TRUE(one->store().write_record(one->lease(), "www", "state", Secret::copy_of("s"), 0));
  EXPECT_TRUE(
      happens([&] { return other->store().read_record("www", "state")->has_value(); }, kFresh));
  ASSERT_TRUE(one->store().restore(one->lease(), test::let_back(one->store(), "www", 1), 1));
  EXPECT_TRUE(happens([&] { return other->store().current_version("www") == 1U; }, kFresh));
  ASSERT_TRUE(one->store().forget(one->lease(), "www", store::Keep::nothing));
  EXPECT_TRUE(happens([&] { return other->store().names()->empty(); }, kFresh));
}

TEST_F(FleetContract, ThirtyHostsHaveTheNewVersionSoon) {
  std::vector<std::unique_ptr<Host>> hosts;
  for (int i = 0; i < 30; ++i) hosts.push_back(join());
  ASSERT_TRUE(hosts.front()->lead());
  const SystemClock clock;
  std::chrono::milliseconds slowest{0};
  for (VersionNumber version = 1; version <= 5; ++version) {
    ASSERT_TRUE(hosts.front()->install(test::make_test_bundle()));
    const SteadyTime committed = clock.steady_now();
    ASSERT_TRUE(happens(
        [&] {
          return std::all_of(hosts.begin(), hosts.end(), [&](const auto& host) {
            return host->store().current_version("www") == version;
          });
        },
        kFresh));
    slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                    clock.steady_now() - committed));
  }
  RecordProperty("slowest_ms", static_cast<int>(slowest.count()));
}

TEST_F(FleetContract, ServesThroughAnOutageAndCatchesUp) {
  const auto one = join();
  auto other = join();
  ASSERT_TRUE(one->lead());
  const crypto::Bundle first = test::make_test_bundle();
  ASSERT_TRUE(one->install(first));
  ASSERT_TRUE(happens([&] { return other->served() == first.leaf().fingerprint(); }));
  other->stop();
  const crypto::Bundle second = test::make_test_bundle();
  ASSERT_TRUE(one->install(second));
  ASSERT_TRUE(one->store().write_record(one->lease(), "www", "state", Secret::copy_of("s"), 0));
  cluster_->kill_member(0);
  EXPECT_EQ(one->served(), second.leaf().fingerprint());
  EXPECT_EQ(one->install(test::make_test_bundle()).error().kind(), ErrorKind::transient);
  EXPECT_EQ(one->served(), second.leaf().fingerprint());
  other->start();
  EXPECT_EQ(other->served(), first.leaf().fingerprint()) << "it starts from its copy";
  EXPECT_FALSE(other->store().try_lead());
  EXPECT_TRUE(happens(
      [&] { return other->log().text().find("goes on with its copy") != std::string::npos; }));
  cluster_->start_member(0);
  EXPECT_TRUE(happens([&] { return other->served() == second.leaf().fingerprint(); }));
  EXPECT_TRUE(happens([&] { return other->store().read_record("www", "state")->has_value(); }));
  // Said once everything has been read.
  EXPECT_TRUE(happens(
      [&] { return other->log().text().find("follows the fleet again") != std::string::npos; }));
}

TEST_F(FleetContract, AnotherHostLeadsWhenTheLeaderIsGone) {
  auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->store().write_record(one->lease(), "www", "order", Secret::copy_of("key"), 0));
  one->stop();
  ASSERT_TRUE(other->lead());
  EXPECT_EQ(other->store().read_record("www", "order").value()->value.reveal(), "key");
  ASSERT_TRUE(other->install(test::make_test_bundle()));
  EXPECT_EQ(other->store().current_version("www"), 1U);
}

TEST_F(FleetContract, RefusesALeaderThatWasCutOff) {
  const auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  // As etcd does when the leader is silent for the life of its lease.
  const EtcdPage leader = raw_->range({.key = "/cl/web/leader"}).value();
  ASSERT_TRUE(raw_->revoke(leader.items.at(0).lease));
  ASSERT_TRUE(other->lead());
  const crypto::Bundle bundle = test::make_test_bundle();
  ASSERT_TRUE(other->install(bundle));
  EXPECT_TRUE(happens([&] { return one->served() == bundle.leaf().fingerprint(); }, kFresh));
  const auto late = one->install(test::make_test_bundle());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::transient);
  EXPECT_THAT(late.error().message(), HasSubstr("another host"));
}

TEST_F(FleetContract, GoesOnWithoutAnyOneMember) {
  start(3);
  const auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  for (std::size_t member = 0; member < 3; ++member) {
    cluster_->kill_member(member);
    const crypto::Bundle bundle = test::make_test_bundle();
    EXPECT_TRUE(happens([&] { return one->install(bundle).has_value(); }));
    EXPECT_TRUE(happens([&] { return other->served() == bundle.leaf().fingerprint(); }));
    cluster_->start_member(member);
    const auto alone = EtcdClient::make({.endpoints = {cluster_->endpoints()[member]}}).value();
    ASSERT_TRUE(happens([&] { return alone->range({.key = "x"}).has_value(); }));
  }
}

// The agent's main thread writes one thing after the other, and must show in time that it lives.
TEST_F(FleetContract, ManyWritesDoNotEachWaitForMembersThatHang) {
  start(3);
  const auto one = join();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  for (std::size_t member = 0; member < 3; ++member) cluster_->freeze_member(member);
  EXPECT_FALSE(one->install(test::make_test_bundle())) << "waits, or hears that the lease is lost";
  for (int i = 0; i < 200; ++i) {
    const auto written =
        one->store().write_record(one->lease(), "www", "state", Secret::copy_of("s"), 0);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind(), ErrorKind::transient);
    EXPECT_THAT(written.error().message(), AnyOf(HasSubstr("etcd has not answered just now"),
                                                 HasSubstr("another host leads")));
  }
  for (std::size_t member = 0; member < 3; ++member) cluster_->thaw_member(member);
  one->follow();
  ASSERT_TRUE(one->lead());
  EXPECT_TRUE(happens([&] { return one->install(test::make_test_bundle()).has_value(); }));
}

TEST_F(FleetContract, HasNoKeyReadableInEtcd) {
  const auto one = join();
  ASSERT_TRUE(one->lead());
  const crypto::Bundle bundle = test::make_test_bundle();
  ASSERT_TRUE(one->install(bundle));
  ASSERT_TRUE(
      one->store().write_record(one->lease(), "www", "order", bundle.key().to_pem().value(), 0));
  ASSERT_TRUE(one->store().inbox().leave({.wish = store::Wish::install,
                                          .name = "www",
                                          .certificates = bundle.chain(),
                                          .key = bundle.key()}));
  const Secret der = bundle.key().to_der().value();
  const EtcdPage all = raw_->read_all(range_of_prefix("/cl/")).value();
  EXPECT_THAT(all.items, SizeIs(5)) << "leader, head, version, record and request";
  for (const EtcdItem& item : all.items) {
    EXPECT_THAT(item.value, Not(HasSubstr("PRIVATE KEY"))) << item.key;
    EXPECT_THAT(item.value, Not(HasSubstr(std::string(der.reveal().substr(40))))) << item.key;
  }
}

TEST_F(FleetContract, IgnoresAWriterWithoutTheKey) {
  const auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  const crypto::Bundle good = test::make_test_bundle();
  ASSERT_TRUE(one->install(good));
  ASSERT_TRUE(happens([&] { return other->served() == good.leaf().fingerprint(); }));
  write("/cl/web/heads/www", "rubbish");
  write("/cl/web/heads/evil", "rubbish");
  write("/cl/web/heads/../../x", "rubbish");
  write("/cl/web/records/www/state", "rubbish");
  EXPECT_TRUE(happens(
      [&] { return other->log().text().find("without the fleet's key") != std::string::npos; }));
  for (Host* host : {one.get(), other.get()}) {
    EXPECT_EQ(host->served(), good.leaf().fingerprint());
    EXPECT_THAT(host->store().names().value(), ElementsAre("www"));
  }
  // The leader mends it.
  ASSERT_TRUE(happens([&] { return one->install(test::make_test_bundle()).has_value(); }));
  EXPECT_TRUE(happens([&] { return other->store().current_version("www") == 2U; }));
  // What is not there is not complained about any more.
  const auto complains = [&] {
    const auto flaws = other->flaws();
    return std::any_of(flaws.begin(), flaws.end(), [](const std::string& flaw) {
      return flaw.find("\"evil\"") != std::string::npos;
    });
  };
  EXPECT_TRUE(happens(complains));
  ASSERT_TRUE(raw_->commit(
      {.compares = {}, .changes = {{.key = "/cl/web/heads/evil", .value = std::nullopt}}}));
  EXPECT_TRUE(happens([&] { return !complains(); }));
}

TEST_F(FleetContract, DoesNotGoBackWhenSomebodyPutsBackWhatWasThere) {
  const auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  const std::string head = read("/cl/web/heads/www");
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  const std::vector<std::byte> response(300, std::byte{7});
  ASSERT_TRUE(one->store().keep_response(one->lease(), "www", 2, response));
  ASSERT_TRUE(happens([&] { return other->store().current_version("www") == 2U; }));
  write("/cl/web/heads/www", head);
  for (Host* host : {one.get(), other.get()}) {
    EXPECT_TRUE(happens(
        [&] { return host->log().text().find("older than what was there") != std::string::npos; }));
    EXPECT_EQ(host->store().current_version("www"), 2U);
  }
  // The leader mends it with whatever it writes next.
  const std::vector<std::byte> fresh(300, std::byte{8});
  const auto keeps = [&] {
    return one->lead() && one->store().keep_response(one->lease(), "www", 2, fresh).has_value();
  };
  ASSERT_TRUE(happens(keeps));
  EXPECT_TRUE(happens(
      [&] { return other->store().load("www")->certificate->ocsp_response == fresh; }, kFresh));
}

void FleetContract::goes_on_when_a_backup_is_restored() {
  const auto one = join();
  const auto other = join();
  // On a busy machine its short lease may end in between.
  const auto installs = [&](const crypto::Bundle& bundle) {
    return happens([&] { return one->lead() && one->install(bundle).has_value(); });
  };
  ASSERT_TRUE(installs(test::make_test_bundle()));
  cluster_->save();
  wait_for_etcd();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(installs(test::make_test_bundle()));
  const std::string newest = one->served();
  ASSERT_TRUE(happens([&] { return other->served() == newest; }));
  cluster_->restore();
  wait_for_etcd();
  const auto has_noticed = [](Host& host) {
    return host.log().text().find("etcd has gone back") != std::string::npos;
  };
  ASSERT_TRUE(happens([&] { return has_noticed(*one) && has_noticed(*other); }));
  EXPECT_EQ(other->served(), newest) << "nobody serves an older one";
  // The next leader brings back what was lost, and a new host gets all of it.
  one->follow();
  ASSERT_TRUE(happens([&] { return one->lead(); }));
  const auto late = join();
  EXPECT_TRUE(happens([&] { return late->served() == newest; }));
  const crypto::Bundle next = test::make_test_bundle();
  ASSERT_TRUE(installs(next));
  for (Host* host : {one.get(), other.get(), late.get()}) {
    EXPECT_TRUE(happens([&] { return host->served() == next.leaf().fingerprint(); }, kFresh));
  }
}

TEST_F(FleetContract, GoesOnWhenABackupOfEtcdIsRestored) {
  goes_on_when_a_backup_is_restored();
}

// Then etcd does not know the hosts' log-ins any more.
TEST_F(FleetContract, GoesOnWhenABackupOfAnEtcdThatWantsLogInsIsRestored) {
  want_log_ins();
  goes_on_when_a_backup_is_restored();
}

// As with a role of before the hosts told each other what they name.
TEST_F(FleetContract, LeadsAlthoughItMayNotReadWhatTheOthersName) {
  want_log_ins("/cl/web/~");
  const auto one = join();
  ASSERT_TRUE(one->lead());
  EXPECT_TRUE(one->install(test::make_test_bundle()));
  EXPECT_THAT(one->log().text(), HasSubstr("cannot read what the others name"));
}

TEST_F(FleetContract, PassesOverAVersionThatSomebodyHasSwapped) {
  const auto one = join();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  write("/cl/web/versions/www/2", read("/cl/web/versions/www/1"));
  const auto late = join();
  EXPECT_TRUE(happens(
      [&] { return late->log().text().find("what is served stays") != std::string::npos; }));
  EXPECT_EQ(late->store().current_version("www"), 0U);
  EXPECT_TRUE(happens([&] { return !late->flaws().empty(); }));
  EXPECT_THAT(late->flaws(),
              ElementsAre(HasSubstr("what the fleet has of \"www\" cannot be taken")));
  EXPECT_THAT(one->flaws(), SizeIs(0)) << "it has the right one";
  // It is mended with the next version.
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  ASSERT_TRUE(one->store().prune(one->lease(), "www", 0));
  EXPECT_TRUE(happens([&] { return late->flaws().empty(); }));
}

TEST_F(FleetContract, AHostWithAnotherKeyReadsNothing) {
  const auto one = join();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  Host stranger(cluster_->endpoints(), crypto::make_sealing_key().value());
  EXPECT_TRUE(happens(
      [&] { return stranger.log().text().find("which has no such key") != std::string::npos; }));
  EXPECT_EQ(stranger.store().current_version("www"), 0U);
}

TEST_F(FleetContract, TheLeaderHearsWhatIsAskedOnAnyHost) {
  const auto one = join();
  const auto other = join();
  ASSERT_TRUE(one->lead());
  const std::string id =
      other->store().inbox().leave({.wish = store::Wish::renew, .name = "www"}).value();
  EXPECT_TRUE(happens([&] { return one->store().inbox().is_waiting({id, "www"}); }, kFresh));
  EXPECT_EQ(one->store().inbox().read({id, "www"})->wish, store::Wish::renew);
  one->store().inbox().withdraw({id, "www"});
  EXPECT_TRUE(happens([&] { return !other->store().inbox().is_waiting({id, "www"}); }, kFresh));
}

// Leads and installs until it is refused. Returns a status of exit: 0 when it is refused for good.
int install_until_refused(const std::vector<std::string>& endpoints, const crypto::SealingKey& key,
                          const test::TempDirectory& directory) {
  Host host(endpoints, key, &directory);
  if (!host.lead()) return 1;
  while (host.install(test::make_test_bundle())) {
  }
  return host.install(test::make_test_bundle()) ? 2 : 0;
}

// A process that leads and installs until it is refused.
class Leader {
 public:
  Leader(const std::vector<std::string>& endpoints, const crypto::SealingKey& key) {
    child_ = ::fork();
    if (child_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(install_until_refused(endpoints, key, directory_));
  }
  ~Leader() { end(SIGKILL); }
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;

  void signal(int number) const { ::kill(child_, number); }
  // Its exit status; 0 for `number` 0 when it ends by itself.
  int end(int number) {
    if (child_ <= 0) return -1;
    if (number != 0) signal(number);
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return status;
  }
  const test::TempDirectory& directory() const { return directory_; }

 private:
  test::TempDirectory directory_{test::memory_backed_parent()};
  pid_t child_ = -1;
};

TEST_F(FleetContract, LosesNothingWhenTheLeaderIsKilledInTheMiddle) {
  Leader leader(cluster_->endpoints(), key_);
  const auto other = join();
  ASSERT_TRUE(happens([&] { return other->store().current_version("www") >= 5; }));
  leader.end(SIGKILL);
  ASSERT_TRUE(other->lead()) << "when the lease has ended";
  const VersionNumber last = other->store().current_version("www");
  EXPECT_FALSE(other->store().load("www")->damage);
  Host again(cluster_->endpoints(), key_, &leader.directory());
  EXPECT_TRUE(happens([&] { return again.store().current_version("www") == last; }));
  EXPECT_FALSE(again.store().load("www")->damage);
  EXPECT_EQ(again.served(), other->served());
  EXPECT_EQ(other->install(test::make_test_bundle())->number, last + 1);
  EXPECT_TRUE(happens([&] { return again.served() == other->served(); }));
}

TEST_F(FleetContract, RefusesALeaderThatWakesUpAfterItsLease) {
  Leader leader(cluster_->endpoints(), key_);
  const auto other = join();
  ASSERT_TRUE(happens([&] { return other->store().current_version("www") >= 2; }));
  leader.signal(SIGSTOP);
  ASSERT_TRUE(other->lead());
  const VersionNumber last = other->store().current_version("www");
  leader.signal(SIGCONT);
  EXPECT_EQ(leader.end(0), 0) << "each of its late writes is refused";
  EXPECT_EQ(other->store().current_version("www"), last);
  EXPECT_EQ(other->install(test::make_test_bundle())->number, last + 1);
}

// An existing state directory, or an etcd that has lost everything.
TEST_F(FleetContract, TheLeaderBringsAlongWhatTheFleetDoesNotHave) {
  auto one = join();
  ASSERT_TRUE(one->lead());
  const crypto::Bundle bundle = test::make_test_bundle();
  ASSERT_TRUE(one->install(bundle));
  ASSERT_TRUE(raw_->commit(
      {.compares = {}, .changes = {{.key = "/cl/", .value = std::nullopt, .end = "/cl0"}}}));
  one->stop();
  one->start();
  EXPECT_EQ(one->served(), bundle.leaf().fingerprint());
  ASSERT_TRUE(one->lead());
  const auto other = join();
  EXPECT_TRUE(happens([&] { return other->served() == bundle.leaf().fingerprint(); }));
}

// What a host has had before it was in the fleet.
void leave_own_certificate(const test::TempDirectory& directory, const crypto::Bundle& own) {
  const auto files = store::open_file_store(directory.path()).value();
  const auto lease = files->try_lead().value();
  ASSERT_TRUE(files->install(
      *lease, test::let_in("www", own),
      {.bundle = own, .origin = "pca:1", .expected = 0, .keep = 2, .now = test::kTestNow}));
  ASSERT_TRUE(files->write_record(*lease, "www", "order", Secret::copy_of("mine"), 0));
}

TEST_F(FleetContract, AnExistingStateDirectoryJoinsWithWhatIsUnderWay) {
  const test::TempDirectory directory{test::memory_backed_parent()};
  const crypto::Bundle own = test::make_test_bundle();
  leave_own_certificate(directory, own);
  Host one(cluster_->endpoints(), key_, &directory);
  ASSERT_TRUE(one.lead());
  const auto other = join();
  EXPECT_TRUE(happens([&] { return other->served() == own.leaf().fingerprint(); }));
  EXPECT_TRUE(happens([&] { return other->store().read_record("www", "order")->has_value(); }));
  EXPECT_EQ(other->store().read_record("www", "order").value()->value.reveal(), "mine");
  one.stop();
  one.start();
  ASSERT_TRUE(one.lead());
  EXPECT_EQ(one.store().read_record("www", "order").value()->value.reveal(), "mine");
}

// An order can be under way before there is any certificate.
TEST_F(FleetContract, AnOrderWithoutACertificateJoins) {
  const test::TempDirectory directory{test::memory_backed_parent()};
  {
    const auto files = store::open_file_store(directory.path()).value();
    const auto lease = files->try_lead().value();
    ASSERT_TRUE(files->write_record(*lease, "www", "order", Secret::copy_of("mine"), 0));
  }
  Host one(cluster_->endpoints(), key_, &directory);
  ASSERT_TRUE(one.lead());
  const auto other = join();
  EXPECT_TRUE(happens([&] {
    const auto order = other->store().read_record("www", "order");
    return order && *order && (*order)->value.reveal() == "mine";
  }));
  // Once it is done, it does not come back with the next leader.
  ASSERT_TRUE(one.store().remove_record(one.lease(), "www", "order"));
  one.stop();
  one.start();
  ASSERT_TRUE(one.lead());
  EXPECT_FALSE(one.store().read_record("www", "order")->has_value());
}

TEST_F(FleetContract, WritesNothingWithKeysThatAreNotTheNewestOnes) {
  const auto one = join();
  one->stop();
  write("/cl/web/hosts/one", "as a member");
  one->is_member(raw_->range({.key = "/cl/web/hosts/one"}).value().items.at(0));
  one->start();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->install(test::make_test_bundle()));
  // As when the fleet gets another key.
  write("/cl/web/hosts/one", "as a member that has another key");
  const auto stale = one->install(test::make_test_bundle());
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind(), ErrorKind::transient);
  EXPECT_EQ(one->store().current_version("www"), 1U);
  one->stop();
  one->is_member(raw_->range({.key = "/cl/web/hosts/one"}).value().items.at(0));
  one->start();
  ASSERT_TRUE(one->lead());
  EXPECT_TRUE(one->install(test::make_test_bundle()));
}

TEST_F(FleetContract, TakesTheFleetsVersionInThePlaceOfItsOwn) {
  const test::TempDirectory directory{test::memory_backed_parent()};
  leave_own_certificate(directory, test::make_test_bundle());
  const auto one = join();
  ASSERT_TRUE(one->lead());
  const crypto::Bundle bundle = test::make_test_bundle();
  ASSERT_TRUE(one->install(bundle));
  Host late(cluster_->endpoints(), key_, &directory);
  EXPECT_TRUE(happens([&] { return late.served() == bundle.leaf().fingerprint(); }));
  EXPECT_FALSE(late.store().load("www")->damage);
  EXPECT_THAT(late.store().versions("www"), ElementsAre(1U));
}

}  // namespace
}  // namespace ccm::fleet
