#include "lifecycle/effective_settings.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"

namespace ccm::lifecycle {
namespace {

// A hundred thousand certificates with their names.
constexpr std::size_t kLargest = 64UL << 20U;

Time time_of_change(const std::string& path) {
  struct stat file = {};
  return stat(path.c_str(), &file) == 0 ? Time(Seconds(file.st_mtim.tv_sec)) : Time();
}

Result<EffectiveSettings> read_one(const std::string& path, config::ServerKind server) {
  Result<std::string> bytes = read_file(path, kLargest);
  if (!bytes) return pass(std::move(bytes));
  Result<config::Handover> handover = config::decode_handover(*bytes);
  if (!handover) return pass(std::move(handover));
  Result<config::Config> config = handover->settings.finalize();
  if (!config) return pass(std::move(config));
  return EffectiveSettings{.server = server,
                           .config = *std::move(config),
                           .touched = time_of_change(path),
                           .facts = std::move(handover->server),
                           .agent = std::move(handover->agent)};
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

std::string effective_settings_path(const std::string& state_path, config::ServerKind server) {
  return fmt::format("{}/settings-{}", state_path, name_of(server));
}

void touch_effective_settings(const std::string& state_path, config::ServerKind server) noexcept {
  const std::string path = effective_settings_path(state_path, server);
  // Without it the server counts as gone after a while, which its agent says when it matters.
  static_cast<void>(utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0);
}

Result<void> write_effective_settings(const std::string& state_path,
                                      const config::Handover& handover) {
  return write_file_atomically(effective_settings_path(state_path, handover.server.kind),
                               config::encode_handover(handover));
}

Result<std::vector<EffectiveSettings>> read_effective_settings(const std::string& state_path) {
  if (access(state_path.c_str(), R_OK | X_OK) != 0 && errno == EACCES) {
    return fail(ErrorKind::rejected,
                fmt::format("{} may not be read by this user; run ccmctl as root or as the agent's "
                            "user",
                            state_path));
  }
  std::vector<EffectiveSettings> all;
  for (const config::ServerKind server : config::kServerKinds) {
    const std::string path = effective_settings_path(state_path, server);
    if (auto read = read_one(path, server)) all.push_back(*std::move(read));
  }
  return all;
}

std::optional<Error> problem_of_effective_settings(const std::string& state_path,
                                                   config::ServerKind server) {
  const std::string path = effective_settings_path(state_path, server);
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  auto read = read_one(path, server);
  return read ? std::nullopt : std::optional<Error>(read.error());
}

}  // namespace ccm::lifecycle
