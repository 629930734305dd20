// SPDX-License-Identifier: Apache-2.0
#include "config/values/credentials.h"

#include <fmt/format.h>

#include <utility>

#include "config/values/value_words.h"

namespace ccm::config {
namespace {

constexpr std::size_t kLongestProfile = 64;

}  // namespace

Result<CredentialsSpec> parse_credentials(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "ecs") return CredentialsSpec(CredentialsEcs{});
  CredentialsFile file;
  for (const std::string& argument : arguments) {
    if (auto path = value_of(argument, "file"); path && file.path.empty()) {
      auto parsed = parse_file_path(*path);
      if (!parsed) return fail_with(std::move(parsed), "file");
      file.path = *std::move(parsed);
    } else if (auto profile = value_of(argument, "profile"); profile && file.profile.empty()) {
      if (profile->empty() || profile->size() > kLongestProfile ||
          profile->find_first_of("[]") != std::string::npos) {
        return wrong(*profile, "is not the name of a section in a credentials file");
      }
      file.profile = *std::move(profile);
    } else {
      return wrong(argument, "is not understood; write file=PATH [profile=NAME], or ecs");
    }
  }
  if (file.path.empty()) {
    return fail(ErrorKind::invalid, "file=PATH is missing; profile= is a section of that file");
  }
  return CredentialsSpec(std::move(file));
}

std::string to_string(const CredentialsSpec& credentials) {
  const auto* file = std::get_if<CredentialsFile>(&credentials);
  if (file == nullptr) return "ecs";
  return file->profile.empty() ? file->path : fmt::format("{} [{}]", file->path, file->profile);
}

}  // namespace ccm::config
