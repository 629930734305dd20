// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/hook_input.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/text.h"
#include "lifecycle/events/event_json.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kLargestPasswd = 16384;

std::string home_of(uid_t user) {
  std::array<char, kLargestPasswd> buffer;
  passwd entry = {};
  passwd* found = nullptr;
  const bool is_known =
      getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return is_known && found->pw_dir != nullptr ? found->pw_dir : "/";
}

std::string upper(std::string_view name) {
  std::string text(name);
  for (char& letter : text) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::vector<std::string> hook_environment(const Event& event,
                                          const std::optional<Account>& account) {
  const uid_t user = account ? account->user : geteuid();
  const std::string name = account ? account->name : user_text(user);
  std::vector<std::string> variables{
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
      "HOME=" + home_of(user), "USER=" + name, "LOGNAME=" + name};
  if (const char* zone = getenv("TZ"); zone != nullptr) {
    variables.push_back(std::string("TZ=") + zone);
  }
  const auto add = [&variables](std::string_view key, std::string_view value) {
    variables.push_back(fmt::format("CCM_{}={}", key, value));
  };
  add("EVENT", kind_of(event.type).name);
  add("TIME", format_time(event.at));
  add("CERTIFICATE", event.certificate);
  add("SERVER", event.server);
  add("VERSION", event.version == 0 ? "" : fmt::format("{}", event.version));
  add("SERIAL", event.serial);
  add("NOT_AFTER", event.not_after ? format_time(*event.not_after) : "");
  add("SENTENCE", event.sentence);
  for (const auto& [key, value] : event.fields) add(upper(key), value);
  return variables;
}

std::string hook_input(const Event& event) {
  return lifecycle::event_json(event) + '\n';
}

}  // namespace ccm::agent
