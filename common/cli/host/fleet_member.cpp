// SPDX-License-Identifier: Apache-2.0
#include "cli/host/fleet_member.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "cli/host/state_directory.h"
#include "config/input/settings.h"
#include "crypto/key/sealed_box.h"

namespace ccm::cli {
namespace {

std::string absolute_path(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

void override_with(std::string& place, const std::string& given) {
  if (!given.empty()) place = given;
}

}  // namespace

Result<std::optional<config::FleetConfig>> find_fleet(Workspace& workspace) {
  auto all = workspace.settings();
  if (!all) return pass(std::move(all));
  for (const store::EffectiveSettings& each : **all) {
    const auto& fleet = each.config.global().fleet;
    if (!fleet) continue;
    // The settings say to whom a password is sent, so they must be trusted.
    if (each.doubt) return fail(*each.doubt);
    return fleet;
  }
  return std::optional<config::FleetConfig>();
}

Result<config::FleetConfig> choose_fleet(Workspace& workspace, const FleetOptions& options) {
  config::FleetConfig chosen;
  const bool is_told = !options.endpoints.empty() && !options.fleet.empty() && !options.key.empty();
  if (!is_told) {
    const auto wrong = find_wrong_directory(workspace.options);
    if (wrong && !wrong->is_new_host) {
      return fail(ErrorKind::invalid, fmt::format("{}; {}, or give --endpoint, --fleet and --key",
                                                  wrong->what, wrong->remedy));
    }
    auto known = find_fleet(workspace);
    if (!known) return pass(std::move(known));
    if (!*known) {
      return fail(
          ErrorKind::invalid,
          "no server of this host has a fleet in its settings; give --endpoint, --fleet and "
          "--key");
    }
    chosen = **known;
  }
  if (!options.endpoints.empty()) chosen.endpoints = options.endpoints;
  override_with(chosen.name, options.fleet);
  override_with(chosen.key_file, absolute_path(options.key));
  override_with(chosen.ca_file, absolute_path(options.ca));
  override_with(chosen.certificate_file, absolute_path(options.certificate));
  override_with(chosen.certificate_key_file, absolute_path(options.certificate_key));
  override_with(chosen.login_file, absolute_path(options.login));
  std::vector<std::string> words{"etcd"};
  words.insert(words.end(), chosen.endpoints.begin(), chosen.endpoints.end());
  const auto add = [&](const char* word, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("{}={}", word, value));
  };
  add("fleet", chosen.name);
  add("key", chosen.key_file);
  add("ca", chosen.ca_file);
  add("certificate", chosen.certificate_file);
  add("certificate_key", chosen.certificate_key_file);
  add("login", chosen.login_file);
  config::Settings settings;
  if (auto set = settings.set("store", std::move(words), {}); !set) return pass(std::move(set));
  const auto config = settings.finalize();
  if (!config) return fail(config.error());
  return *config->global().fleet;
}

std::string this_host() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  static_cast<void>(gethostname(name.data(), name.size() - 1));
  return name.data();
}

Result<FleetLink> FleetLink::open(const config::FleetConfig& place) {
  auto options = fleet::read_etcd_access(place);
  if (!options) return pass(std::move(options));
  auto layout = fleet::FleetLayout::make(place.name);
  if (!layout) return pass(std::move(layout));
  auto etcd = fleet::EtcdClient::make(*std::move(options));
  if (!etcd) return pass(std::move(etcd));
  FleetLink link;
  link.etcd_ = *std::move(etcd);
  link.layout_ = std::make_unique<fleet::FleetLayout>(*std::move(layout));
  link.keyring_ = std::make_unique<fleet::FleetKeyring>(*link.etcd_, *link.layout_);
  return link;
}

Result<fleet::FleetSurvey> FleetLink::survey(const fleet::FleetKeys& keys, const Clock& clock) {
  return fleet::survey_fleet(*etcd_, *layout_, keys, clock);
}

Result<Membership> Membership::open(Workspace& workspace, const FleetOptions& options) {
  const auto place = choose_fleet(workspace, options);
  if (!place) return fail(place.error());
  auto access = fleet::read_fleet_access(*place);
  if (!access) return pass(std::move(access));
  auto link = FleetLink::open(*place);
  if (!link) return pass(std::move(link));
  auto keys = link->keyring().read(access->host.key, access->host.fleet_key);
  if (!keys) return pass(std::move(keys));
  const auto is_member = link->keyring().is_member(access->host.key, *keys);
  if (!is_member) return fail(is_member.error());
  if (!*is_member) {
    return fail(ErrorKind::rejected,
                fmt::format("this host (\"{}\") is no member of the fleet any more: have a member "
                            "let it in again",
                            access->host.name));
  }
  const auto half = crypto::public_half(access->host.key);
  if (!half) return fail(half.error());
  return Membership(*std::move(link), *std::move(keys), fleet::fleet_host_id(*half));
}

}  // namespace ccm::cli
