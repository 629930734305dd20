// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/host_settings.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "base/file.h"
#include "base/packing.h"
#include "base/text.h"
#include "config/input/wire.h"
#include "crypto/digest.h"
#include "fleet/etcd/etcd_messages.h"
#include "store/host/effective_settings.h"

namespace ccm::fleet {
namespace {

// Leaves room for what sealing adds.
constexpr std::size_t kMostSettings = kMostRequestBytes - (std::size_t{64} << 10U);

Result<DistantServer> parse_server(const std::string& host, std::string_view bytes,
                                   ConfigPool& pool) {
  Result<config::Handover> handover = config::decode_handover(bytes);
  if (!handover) return pass(std::move(handover));
  auto config = pool.finalize(std::move(handover->settings));
  if (!config) return pass(std::move(config));
  return DistantServer{
      .host = host, .server = store::id_of(handover->server), .config = *std::move(config)};
}

}  // namespace

SettingsTraces look_at_settings(const std::string& state_path, const Clock& clock) {
  SettingsTraces traces;
  for (const store::ServerId& server : store::servers_with_settings(state_path)) {
    struct stat file = {};
    const std::string path = store::effective_settings_path(state_path, server);
    if (stat(path.c_str(), &file) != 0) continue;
    const auto seen = store::look_at_agent(state_path, server, clock.steady_now());
    if (!store::is_expected(seen, clock.now())) continue;
    traces[server] = {file.st_ino, file.st_ctim.tv_nsec};
  }
  return traces;
}

Result<Secret> pack_settings(const std::string& state_path, const std::string& host,
                             const SettingsTraces& servers) {
  Packer packer;
  packer.block(host);
  std::size_t size = host.size();
  for (const auto& [server, trace] : servers) {
    const auto bytes =
        read_file(store::effective_settings_path(state_path, server), kMostSettings + 1);
    // The server has ended at this moment.
    if (!bytes && bytes.error().kind() == ErrorKind::rejected) continue;
    if (bytes) size += bytes->size();
    if (!bytes || size > kMostSettings) {
      return fail(ErrorKind::invalid,
                  fmt::format("the settings of this host's servers are larger than {} bytes",
                              kMostSettings));
    }
    packer.block(*bytes);
  }
  return std::move(packer).take();
}

Result<std::shared_ptr<const config::Config>> ConfigPool::finalize(config::Settings settings) {
  const config::Handover alone{.server = {}, .settings = std::move(settings)};
  const std::string digest = crypto::sha256_hex(config::encode_handover(alone));
  if (auto known = known_[digest].lock()) return known;
  std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
  Result<config::Config> config = alone.settings.finalize();
  if (!config) return pass(std::move(config));
  auto shared = std::make_shared<const config::Config>(*std::move(config));
  known_[digest] = shared;
  return shared;
}

Result<HostSettings> parse_settings(const Secret& packed, ConfigPool& pool) {
  Unpacker unpacker(packed.bytes());
  HostSettings settings{.host = printable(unpacker.text())};
  while (!unpacker.failed() && !unpacker.is_complete()) {
    const std::string_view bytes = unpacker.text();
    if (unpacker.failed()) break;
    Result<DistantServer> server = parse_server(settings.host, bytes, pool);
    if (server) {
      settings.servers.push_back(*std::move(server));
    } else {
      settings.problem = server.error().message();
    }
  }
  if (unpacker.failed() || settings.host.empty()) {
    return fail(ErrorKind::invalid, "it holds no settings");
  }
  return settings;
}

}  // namespace ccm::fleet
