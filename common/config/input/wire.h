// SPDX-License-Identifier: Apache-2.0
// A server's settings on their way to the agent: bytes on descriptor 5 that can only be read
// (docs/design/design.md, "Processes"). The agent finalizes the raw settings again, so one place
// makes a Config. They begin with a version number. The decoder is fuzzed and trusts no length.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/input/settings.h"

namespace ccm::config {

// none: `ccmctl agent`, which has no server and keeps the store for other programs.
enum class ServerKind : std::uint8_t { nginx, apache, none };
inline constexpr std::array kServerKinds = {ServerKind::nginx, ServerKind::apache,
                                            ServerKind::none};

// What the agent must know of the server that started it.
struct ServerFacts {
  ServerKind kind = ServerKind::none;
  std::string error_log;  // path; empty: the inherited standard error
  Severity log_level = Severity::notice;
  bool logs_json = false;           // an object in JSON for each line
  bool logs_to_journal = false;     // the inherited standard error is systemd's journal
  std::string launch_id;            // differs for every configuration load
  std::string module_path = {};     // of the server module, as it was loaded; empty: not known
  std::string module_version = {};  // its release (base/version.h)
  // Identifies this running server among all on the host, also of its own kind; the same for all
  // its configuration loads. Eight hexadecimal digits; empty: not known.
  std::string instance = {};
  // Identifies the server across restarts, also for people: the path of its PID file; empty: not
  // known.
  std::string place = {};
};

// A random ServerFacts::instance.
std::string make_instance();

// What the agent adds when it leaves the settings for ccmctl; a server leaves it empty.
struct AgentFacts {
  std::string path;
  std::string version;
  std::uint32_t pid = 0;  // 0: not known
};

struct Handover {
  ServerFacts server;
  Settings settings;
  AgentFacts agent = {};
};

std::string encode_handover(const Handover& handover);
// `invalid` on any other version or malformed input.
Result<Handover> decode_handover(std::string_view bytes);

}  // namespace ccm::config
