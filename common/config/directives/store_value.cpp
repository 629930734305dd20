// SPDX-License-Identifier: Apache-2.0
#include "config/directives/store_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/values/identifiers.h"
#include "config/values/url.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

// No etcd has so many members.
constexpr std::size_t kMostMembers = 9;

struct FleetFile {
  std::string_view word;
  std::string FleetConfig::*place;
};
constexpr std::array kFleetFiles{FleetFile{"key", &FleetConfig::key_file},
                                 FleetFile{"ca", &FleetConfig::ca_file},
                                 FleetFile{"certificate", &FleetConfig::certificate_file},
                                 FleetFile{"certificate_key", &FleetConfig::certificate_key_file},
                                 FleetFile{"login", &FleetConfig::login_file}};

Result<void> add_member(FleetConfig& fleet, const std::string& text) {
  auto endpoint = parse_etcd_endpoint(text);
  if (!endpoint) return pass(std::move(endpoint));
  auto& endpoints = fleet.endpoints;
  if (std::find(endpoints.begin(), endpoints.end(), *endpoint) != endpoints.end()) {
    return wrong(text, "is given twice; name each member of etcd once");
  }
  if (endpoints.size() == kMostMembers) {
    return fail(ErrorKind::invalid,
                fmt::format("there are more than {} members of etcd; three or five are usual",
                            kMostMembers));
  }
  endpoints.push_back(*std::move(endpoint));
  return {};
}

Result<void> set_once(std::string& place, std::string_view word, Result<std::string> value) {
  if (!place.empty()) return given_twice(word);
  if (!value) return fail_with(std::move(value), word);
  place = *std::move(value);
  return {};
}

Result<void> take_word(FleetConfig& fleet, const std::string& argument) {
  if (const auto name = value_of(argument, "fleet")) {
    if (auto checked = check_fleet_name(*name); !checked) return checked;
    return set_once(fleet.name, "fleet", *name);
  }
  for (const FleetFile& file : kFleetFiles) {
    const auto path = value_of(argument, file.word);
    if (path) return set_once(fleet.*file.place, file.word, parse_file_path(*path));
  }
  if (argument.find("://") != std::string::npos) return add_member(fleet, argument);
  return wrong(argument,
               "is not understood here; write https://HOST:PORT of each member of etcd, then "
               "fleet=NAME key=PATH and, where they are needed, ca=PATH, certificate=PATH, "
               "certificate_key=PATH and login=PATH");
}

}  // namespace

Result<std::optional<FleetConfig>> parse_store(const std::vector<std::string>& arguments) {
  if (arguments[0] == "file") {
    if (arguments.size() == 1) return std::optional<FleetConfig>();
    return wrong(arguments[1], "follows \"file\", which takes no more words");
  }
  if (arguments[0] != "etcd") return wrong(arguments[0], "is no store; write file, or etcd");
  FleetConfig fleet;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (auto taken = take_word(fleet, arguments[i]); !taken) return pass(std::move(taken));
  }
  if (fleet.endpoints.empty()) {
    return fail(ErrorKind::invalid, "no member of etcd is named; write https://HOST:PORT of each");
  }
  if (fleet.name.empty()) {
    return fail(ErrorKind::invalid,
                "the fleet has no name; write fleet=NAME, the same on each host");
  }
  if (fleet.key_file.empty()) {
    return fail(ErrorKind::invalid,
                "this host has no key; write key=PATH of the file that `ccmctl fleet init` or "
                "`ccmctl fleet join` makes");
  }
  if (fleet.certificate_file.empty() != fleet.certificate_key_file.empty()) {
    return fail(ErrorKind::invalid,
                "certificate= and certificate_key= belong together: the client certificate that is "
                "shown to etcd, and its private key");
  }
  return std::optional(std::move(fleet));
}

}  // namespace ccm::config
