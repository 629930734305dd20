// SPDX-License-Identifier: Apache-2.0
// Which credentials to use for the cloud. Holds no secret: a path and the name of a section.
// Immutable values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace ccm::config {

struct CredentialsFile {
  std::string path;
  std::string profile;  // section; empty: [global], else [basic]

  friend auto operator<=>(const CredentialsFile&, const CredentialsFile&) = default;
};
struct CredentialsEcs {
  friend auto operator<=>(const CredentialsEcs&, const CredentialsEcs&) = default;
};
using CredentialsSpec = std::variant<CredentialsFile, CredentialsEcs>;

// "file=PATH [profile=NAME]" or "ecs".
Result<CredentialsSpec> parse_credentials(const std::vector<std::string>& arguments);
// For records: "ecs", "/path" or "/path [profile]".
std::string to_string(const CredentialsSpec& credentials);

}  // namespace ccm::config
