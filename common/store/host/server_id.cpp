// SPDX-License-Identifier: Apache-2.0
#include "store/host/server_id.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"

namespace ccm::store {
namespace {

constexpr std::size_t kDigits = 8;

bool is_instance(std::string_view text) noexcept {
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string_view name_of(config::ServerKind server) noexcept {
  switch (server) {
    case config::ServerKind::nginx:
      return "nginx";
    case config::ServerKind::apache:
      return "apache";
    case config::ServerKind::none:
      break;
  }
  return "agent";
}

std::string to_string(const ServerId& server) {
  if (server.instance.empty()) return std::string(name_of(server.kind));
  return fmt::format("{}-{}", name_of(server.kind), server.instance);
}

std::optional<ServerId> parse_server_id(std::string_view text) {
  for (const config::ServerKind kind : config::kServerKinds) {
    const std::string_view name = name_of(kind);
    if (!text.starts_with(name)) continue;
    const std::string_view rest = text.substr(name.size());
    if (rest.empty()) return ServerId{kind, {}};
    if (rest.front() == '-' && is_instance(rest.substr(1))) {
      return ServerId{kind, std::string(rest.substr(1))};
    }
  }
  return std::nullopt;
}

std::vector<ServerId> servers_with(const std::string& directory, std::string_view prefix) {
  std::vector<ServerId> all;
  const auto files = list_directory(directory);
  if (!files) return all;
  for (const std::string& file : *files) {
    if (!file.starts_with(prefix)) continue;
    if (auto id = parse_server_id(std::string_view(file).substr(prefix.size()))) {
      all.push_back(*std::move(id));
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace ccm::store
