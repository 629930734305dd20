// SPDX-License-Identifier: Apache-2.0
// ccm-fleet-probe DIRECTORY NODES ENDPOINT...: so many nodes of a fleet in one process, each with
// the store that an agent has, and a state directory of its own, DIRECTORY/node-N. The first one
// leads, and installs a version of "probe" for each line that it reads; prints a line when it is
// committed. Ends with its input. All nodes have the same key of the fleet, so there are no boxes
// to open, and no web servers, engines or calls to a cloud.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fleet/store/etcd_store.h"
#include "support/admission.h"

namespace {

using namespace ccm;

constexpr const char* kName = "probe";

class StderrLog final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override {
    if (severity > Severity::warn) return;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

Result<std::unique_ptr<store::Store>> make_node(const std::string& state_path,
                                                const std::string& id,
                                                const std::vector<std::string>& endpoints,
                                                const crypto::SealingKey& key, Log& log) {
  auto etcd = fleet::EtcdClient::make({.endpoints = endpoints});
  if (!etcd) return pass(std::move(etcd));
  const auto read_keys = [&key]() -> Result<fleet::FleetKeys> {
    fleet::FleetKeys keys;
    keys.keys.push_back({.id = key.id, .key = key.key.clone()});
    return keys;
  };
  return fleet::open_etcd_store(
      {.state_path = state_path, .fleet = "probe", .host = id, .host_id = id}, *std::move(etcd),
      read_keys, log);
}

std::unique_ptr<store::Lease> lead(store::Store& node) {
  for (;;) {
    auto lease = node.try_lead();
    if (lease && *lease != nullptr) return *std::move(lease);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Result<store::VersionInfo> renew(store::Store& node, const store::Lease& lease) {
  const crypto::Bundle bundle = test::make_test_bundle("probe.example.com");
  return node.install(lease, test::let_in(kName, bundle),
                      {.bundle = bundle,
                       .origin = "import",
                       .expected = node.current_version(kName),
                       .keep = 3,
                       .now = SystemClock().now()});
}

int run(const std::string& directory, int count, const std::vector<std::string>& endpoints) {
  StderrLog log;
  const crypto::SealingKey key = crypto::make_sealing_key().value();
  std::vector<std::unique_ptr<store::Store>> nodes;
  for (int i = 0; i < count; ++i) {
    auto node = make_node(fmt::format("{}/node-{}", directory, i), fmt::format("node-{}", i),
                          endpoints, key, log);
    if (!node) {
      log.error("{}", node.error().message());
      return 1;
    }
    nodes.push_back(*std::move(node));
    nodes.back()->start();
  }
  const std::unique_ptr<store::Lease> lease = lead(*nodes.front());
  for (std::string line; std::getline(std::cin, line);) {
    const auto info = renew(*nodes.front(), *lease);
    if (!info) {
      log.error("{}", info.error().message());
      return 1;
    }
    fmt::print("{}\n", info->number);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 4) return run(argv[1], std::atoi(argv[2]), {argv + 3, argv + argc});
  std::fputs("usage: ccm-fleet-probe DIRECTORY NODES ENDPOINT...\n", stderr);
  return 2;
}
