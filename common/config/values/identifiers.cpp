// SPDX-License-Identifier: Apache-2.0
#include "config/values/identifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "config/values/value_words.h"

namespace ccm::config {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr std::size_t kMaxIdentifier = 64;
constexpr std::size_t kMaxCertificateName = 128;

bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::any_of(sets.begin(), sets.end(),
                       [c](std::string_view set) { return set.find(c) != std::string_view::npos; });
  });
}

Result<void> check_name(std::string_view name, std::string_view thing) {
  if (name.empty() || name.size() > kMaxCertificateName || name.starts_with('.') ||
      !consists_of(name, {kLower, kUpper, kDigits, "._-"})) {
    return wrong(name, fmt::format("cannot name a {}; a name is 1 to {} letters, digits, "
                                   "\".\", \"_\" or \"-\" and does not start with \".\"",
                                   thing, kMaxCertificateName));
  }
  return {};
}

}  // namespace

Result<std::string> parse_user(const std::string& text) {
  if (text.empty() || text.size() > kMaxIdentifier || text.starts_with('-') ||
      !consists_of(text, {kLower, kUpper, kDigits, "._-"})) {
    return wrong(text, "is not the name of a user account");
  }
  return text;
}

Result<std::string> parse_region(const std::string& text) {
  if (text.empty() || text.size() > kMaxIdentifier || !consists_of(text, {kLower, kDigits, "-"})) {
    return wrong(text, "is not a region; write its identifier, such as ap-southeast-1");
  }
  return text;
}

Result<void> check_certificate_name(std::string_view name) {
  return check_name(name, "certificate");
}

Result<void> check_catalogue_name(std::string_view name) {
  return check_name(name, "catalogue");
}

Result<void> check_fleet_name(std::string_view name) {
  return check_name(name, "fleet");
}

}  // namespace ccm::config
