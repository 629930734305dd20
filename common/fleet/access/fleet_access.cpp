// SPDX-License-Identifier: Apache-2.0
#include "fleet/access/fleet_access.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "cloud/transport/proxy_login.h"
#include "crypto/digest.h"
#include "crypto/key/sealed_box.h"
#include "fleet/store/etcd_store.h"
#include "fleet/store/fleet_keyring.h"

namespace ccm::fleet {
namespace {

constexpr std::size_t kMostFleetFile = std::size_t{4} << 20U;

// Follows links, because orchestrators mount secrets as links and the operator named them.
Result<Secret> read_named(const std::string& path, std::string_view what) {
  const Handle<char, free> real(realpath(path.c_str(), nullptr));
  Result<Secret> text = real == nullptr ? Result<Secret>(fail(system_error(path, errno)))
                                        : read_secret_file(real.get(), kMostFleetFile);
  if (!text) return fail_with(std::move(text), fmt::format("reading the {}", what));
  // The file is perhaps being written. An empty one would show etcd nothing, or check nothing.
  if (trim(text->reveal()).empty()) {
    return fail(ErrorKind::invalid, fmt::format("the {}, {}, is empty", what, path));
  }
  return text;
}

Result<std::string> read_public(const std::string& path, std::string_view what) {
  if (path.empty()) return std::string();
  const Result<Secret> text = read_named(path, what);
  if (!text) return fail(text.error());
  return std::string(text->reveal());
}

Result<void> read_login(const std::string& path, EtcdOptions& options) {
  if (path.empty()) return {};
  const Result<Secret> text = read_named(path, "file with the password for etcd");
  if (!text) return fail(text.error());
  const auto login = cloud::parse_proxy_login(*text);
  if (!login) {
    return fail(ErrorKind::invalid,
                fmt::format("{} must hold one line, the user of etcd and the password with a colon "
                            "between them (user:password)",
                            path));
  }
  options.user = (*login)->user.clone();
  options.password = (*login)->password.clone();
  return {};
}

// Asks etcd each time, so that a host notices that it was let in, or removed.
Result<FleetKeys> read_keys(EtcdClient& etcd, const FleetLayout& layout, const HostKey& host) {
  FleetKeyring keyring(etcd, layout);
  Result<FleetKeys> keys = keyring.read(host.key, host.fleet_key);
  if (!keys) return keys;
  const Result<bool> is_member = keyring.is_member(host.key, *keys);
  if (!is_member) return fail(is_member.error());
  if (*is_member) return keys;
  return fail(
      ErrorKind::rejected,
      fmt::format("this host (\"{}\") is no member of the fleet any more: have a member let "
                  "it in again, or take it out of the configuration",
                  host.name));
}

// The member of etcd that a host asks first; hosts begin with different ones.
std::ptrdiff_t first_member(std::string_view public_half, std::size_t members) {
  const auto digest = crypto::sha256(public_half);
  return static_cast<std::ptrdiff_t>(std::to_integer<std::size_t>(digest[0]) %
                                     std::max<std::size_t>(members, 1));
}

}  // namespace

FleetAccess FleetAccess::clone() const {
  return {.etcd = {.endpoints = etcd.endpoints,
                   .ca_pem = etcd.ca_pem,
                   .certificate_pem = etcd.certificate_pem,
                   .key_pem = etcd.key_pem.clone(),
                   .user = etcd.user.clone(),
                   .password = etcd.password.clone(),
                   .patience = etcd.patience,
                   .silence = etcd.silence},
          .host = host};
}

Result<EtcdOptions> read_etcd_access(const config::FleetConfig& fleet) {
  EtcdOptions options{.endpoints = fleet.endpoints};
  if (!fleet.ca_file.empty()) {
    auto ca = read_public(fleet.ca_file, "file of etcd's authorities");
    if (!ca) return pass(std::move(ca));
    options.ca_pem = *std::move(ca);
  }
  auto certificate = read_public(fleet.certificate_file, "client certificate for etcd");
  if (!certificate) return pass(std::move(certificate));
  options.certificate_pem = *std::move(certificate);
  if (!fleet.certificate_key_file.empty()) {
    auto key = read_named(fleet.certificate_key_file, "private key of the client certificate");
    if (!key) return pass(std::move(key));
    options.key_pem = *std::move(key);
  }
  if (auto login = read_login(fleet.login_file, options); !login) return pass(std::move(login));
  return options;
}

Result<HostKey> read_host_key(const std::string& path) {
  const Result<Secret> text = read_named(path, "host's key in the fleet");
  if (!text) return fail(text.error());
  Result<HostKey> host = parse_host_key(*text);
  if (!host) return fail_with(std::move(host), path);
  return host;
}

Result<FleetAccess> read_fleet_access(const config::FleetConfig& fleet) {
  Result<EtcdOptions> etcd = read_etcd_access(fleet);
  if (!etcd) return pass(std::move(etcd));
  Result<HostKey> host = read_host_key(fleet.key_file);
  if (!host) return pass(std::move(host));
  if (host->fleet_key.empty()) {
    return fail(
        ErrorKind::rejected,
        fmt::format("{}: this host does not know the fleet's key yet; `ccmctl fleet keys` "
                    "on a member shows its id, and `ccmctl fleet join --fleet-key ID` takes "
                    "it",
                    fleet.key_file));
  }
  return FleetAccess{.etcd = *std::move(etcd), .host = *std::move(host)};
}

Result<std::unique_ptr<store::Store>> open_fleet_store(const config::FleetConfig& fleet,
                                                       FleetAccess access,
                                                       const std::string& state_path, Log& log,
                                                       std::shared_ptr<FleetRoster> roster) {
  Result<FleetLayout> layout = FleetLayout::make(fleet.name);
  if (!layout) return pass(std::move(layout));
  const Result<std::string> half = crypto::public_half(access.host.key);
  if (!half) return fail(half.error());
  // All hosts have the same list. Without this, all of them would watch its first member.
  std::vector<std::string>& endpoints = access.etcd.endpoints;
  std::rotate(endpoints.begin(), endpoints.begin() + first_member(*half, endpoints.size()),
              endpoints.end());
  Result<std::unique_ptr<EtcdClient>> client = EtcdClient::make(std::move(access.etcd));
  if (!client) return pass(std::move(client));
  const std::shared_ptr<EtcdClient> etcd = *std::move(client);
  FleetOptions options{.state_path = state_path,
                       .fleet = fleet.name,
                       .host = access.host.name,
                       .host_id = fleet_host_id(*half),
                       .roster = std::move(roster)};
  return open_etcd_store(
      std::move(options), etcd,
      [etcd, layout = *std::move(layout), host = std::move(access.host)] {
        return read_keys(*etcd, layout, host);
      },
      log);
}

}  // namespace ccm::fleet
