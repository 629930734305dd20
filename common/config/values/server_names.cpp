// SPDX-License-Identifier: Apache-2.0
#include "config/values/server_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "config/sentences.h"
#include "crypto/certificate/names.h"

namespace ccm::config {
namespace {

constexpr std::string_view kWildcard = "*.";

bool names_nothing(std::string_view name) {
  return name.empty() || name == "_" || name == "*";
}

bool is_pattern(std::string_view name) {
  if (name.starts_with(kWildcard)) name.remove_prefix(kWildcard.size());
  return name.starts_with('~') || name.find_first_of("*?") != std::string_view::npos;
}

bool is_single_label(std::string_view name) {
  return name.find('.') == std::string_view::npos && !crypto::is_ip_address(name);
}

// The one or two names that a server name stands for.
std::vector<std::string> expanded(const std::string& name) {
  if (!name.starts_with('.')) return {name};
  return {name.substr(1), "*" + name};
}

}  // namespace

Result<std::vector<std::string>> certificate_names(const std::vector<std::string>& server_names,
                                                   bool is_public, std::string_view names_word) {
  std::vector<std::string> names;
  std::unordered_set<std::string> known;
  for (const std::string& server_name : server_names) {
    if (names_nothing(server_name)) continue;
    if (is_pattern(server_name)) {
      return fail(ErrorKind::invalid,
                  fmt::format("the server name {} is a pattern that no certificate can carry; list "
                              "the certificate's own names with {}",
                              in_quotes(server_name), names_word));
    }
    for (const std::string& name : expanded(server_name)) {
      auto canonical = crypto::parse_server_name(name);
      if (!canonical) return fail_with(std::move(canonical), "the virtual host's name");
      if (is_public && is_single_label(*canonical)) continue;
      if (known.insert(*canonical).second) names.push_back(*std::move(canonical));
    }
  }
  return names;
}

std::vector<std::string> comparable_names(const std::vector<std::string>& server_names) {
  std::vector<std::string> names;
  for (const std::string& server_name : server_names) {
    if (names_nothing(server_name) || is_pattern(server_name)) continue;
    for (const std::string& name : expanded(server_name)) {
      if (auto canonical = crypto::parse_server_name(name)) names.push_back(*std::move(canonical));
    }
  }
  return names;
}

std::optional<std::string> asked_for_instead(std::string_view server_name) {
  const bool is_ascii =
      std::all_of(server_name.begin(), server_name.end(), [](char c) { return (c & 0x80) == 0; });
  if (is_ascii || is_pattern(server_name)) return std::nullopt;
  const bool has_dot = server_name.starts_with('.');
  auto name = crypto::parse_server_name(server_name.substr(has_dot ? 1 : 0));
  if (!name) return std::nullopt;
  return has_dot ? "." + *name : *std::move(name);
}

std::string derived_certificate_name(std::string_view first_name) {
  std::string name = first_name.starts_with(kWildcard)
                         ? fmt::format("_wildcard.{}", first_name.substr(kWildcard.size()))
                         : std::string(first_name);
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

}  // namespace ccm::config
