// SPDX-License-Identifier: Apache-2.0
// A machine of a fleet on a real etcd, in this process: the store that an agent has, and one server
// whose agent this process is. And that etcd.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cloud/transport/curl_client.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/etcd_store.h"
#include "store/host/effective_settings.h"
#include "store/host/fleet_note.h"
#include "store/host/presence.h"
#include "support/etcd_cluster.h"
#include "support/happens.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::test {

using Names = std::vector<std::string>;

inline config::Handover handover_of(const Names& certificates) {
  config::Handover handover;
  handover.server = {.kind = config::ServerKind::nginx, .error_log = "", .launch_id = "1"};
  handover.server.instance = "0000000a";
  config::Settings& settings = handover.settings;
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  for (const std::string& name : certificates) {
    EXPECT_TRUE(settings.add_certificate(name, {}));
    EXPECT_TRUE(settings.set_in(name, "source",
                                {"pca", "issuer=2cb2878b-6cd1-460d-bd25-afe655159bdc"}, {}));
    EXPECT_TRUE(settings.set_in(name, "names", {name + ".example.com"}, {}));
  }
  return handover;
}

// A machine of the fleet with one server, whose agent is this process.
class Machine {
 public:
  Machine(const std::vector<std::string>& endpoints, std::string name,
          const crypto::SealingKey& key)
      : endpoints_(endpoints), name_(std::move(name)) {
    gets(key);
    start();
  }
  // As after kill -9, but for the connections. The state directory stays.
  void stop() {
    lease_.reset();
    store_.reset();
  }
  void start() {
    store_ = open();
    store_->start();
  }
  // As ccmctl does: it follows nothing.
  std::unique_ptr<store::Store> open() {
    std::shared_ptr<fleet::EtcdClient> etcd =
        fleet::EtcdClient::make({.endpoints = endpoints_,
                                 .user = Secret::copy_of(std::string_view("host")),
                                 .password = Secret::copy_of(std::string_view("pass"))})
            .value();
    return fleet::open_etcd_store(
               {.state_path = directory_.path(),
                .fleet = "web",
                .host = name_,
                .host_id = "id-of-" + name_,
                .roster = roster_},
               std::move(etcd), [this] { return keys(); }, log_)
        .value();
  }
  void names(const Names& certificates) {
    const config::Handover handover = handover_of(certificates);
    ASSERT_TRUE(store::write_effective_settings(directory_.path(), handover));
    if (presence_) return;
    presence_.emplace(directory_.path(),
                      store::Presence::Facts{.server = store::id_of(handover.server)});
    ASSERT_TRUE(presence_->claim(SystemClock().steady_now()));
  }
  bool lead() {
    return happens([&] {
      auto lease = store_->try_lead();
      if (lease && *lease) lease_ = *std::move(lease);
      return lease_ != nullptr;
    });
  }
  // Another key of the fleet, when it reads them the next time.
  void gets(const crypto::SealingKey& key) {
    const std::lock_guard lock(mutex_);
    keys_.keys.insert(keys_.keys.begin(), {.id = key.id, .key = key.key.clone()});
  }
  // Has an entry among the members, which all that it writes is compared with. Sealed with the
  // newest of its keys. Its agent reads both anew.
  void becomes_member(fleet::EtcdClient& etcd) {
    const std::string entry = "/cl/web/hosts/id-of-" + name_;
    const auto write = [&](const std::string& key, std::string value) {
      return etcd.commit({.compares = {}, .changes = {{.key = key, .value = std::move(value)}}})
          .value()
          .revision;
    };
    {
      const std::lock_guard lock(mutex_);
      keys_.entry = entry;
      keys_.entry_modified =
          write(entry, keys_.seal(entry, Secret::copy_of(std::string_view("a member"))).value());
    }
    write("/cl/web/keys/some/id-of-" + name_, "a box");
  }
  store::Store& store() { return *store_; }
  store::Lease& lease() { return *lease_; }
  // What it has heard that the others name, as "HOST NAME".
  Names heard() const {
    Names all;
    const auto servers = roster_->servers();
    for (const fleet::DistantServer& server : *servers) {
      for (const auto& spec : server.config->certificates()) {
        all.push_back(server.host + " " + spec.name);
      }
    }
    return all;
  }
  bool hears(const Names& wanted) {
    return happens([&] { return heard() == wanted; });
  }
  // What is wrong here, as ccmctl sees it.
  Names flaws() const {
    const auto note = store::read_fleet_note(directory_.path());
    return note ? note->flaws : Names();
  }
  // Whom it takes for the leader.
  std::string leader() const {
    const auto note = store::read_fleet_note(directory_.path());
    return note ? note->leader : "";
  }
  std::optional<FleetOverview> overview() const {
    return store::read_fleet_overview(directory_.path());
  }
  std::string path() const { return directory_.path(); }
  fleet::FleetRoster& roster() { return *roster_; }
  MemoryLog& log() { return log_; }

 private:
  fleet::FleetKeys keys() const {
    const std::lock_guard lock(mutex_);
    return keys_.clone();
  }

  std::vector<std::string> endpoints_;
  std::string name_;
  mutable std::mutex mutex_;
  fleet::FleetKeys keys_;
  TempDirectory directory_{memory_backed_parent()};
  MemoryLog log_;
  std::shared_ptr<fleet::FleetRoster> roster_ = std::make_shared<fleet::FleetRoster>();
  std::optional<store::Presence> presence_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Lease> lease_;
};

// An etcd of one member for each test, and the key of a fleet on it.
class FleetFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!EtcdCluster::is_installed()) GTEST_SKIP() << "there is no /usr/bin/etcd";
    cluster_ = std::make_unique<EtcdCluster>();
    raw_ = fleet::EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
    ASSERT_TRUE(happens([&] { return raw_->range({.key = "x"}).has_value(); }));
  }
  template <typename Host = Machine>
  std::unique_ptr<Host> join(const std::string& name) {
    return std::make_unique<Host>(cluster_->endpoints(), name, key_);
  }

  // A request for "www" that is left on one machine and known on another.
  static store::Ticket leave(Machine& machine, store::Wish wish, Machine& there) {
    const store::Request request{.wish = wish, .name = "www", .version = 1};
    const store::Ticket ticket{.id = machine.store().inbox().leave(request).value(), .name = "www"};
    EXPECT_TRUE(happens([&] { return there.store().inbox().is_waiting(ticket); }));
    return ticket;
  }
  static store::Ticket leave(Machine& machine, store::Wish wish) {
    return leave(machine, wish, machine);
  }

  // What etcd counts of itself.
  double metric(const std::string& name) {
    const auto answer = cloud::make_curl_client({}).value()->send(
        {.method = "GET",
         .url = cluster_->endpoints().front() + "/metrics",
         .headers = {},
         .body = {}});
    const std::string text(answer.value().body.reveal());
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
  }
  double reads() {
    return metric(
        "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Range\","
        "grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"}");
  }

  crypto::SealingKey key_ = crypto::make_sealing_key().value();
  std::unique_ptr<EtcdCluster> cluster_;
  std::unique_ptr<fleet::EtcdClient> raw_;
};

}  // namespace ccm::test
