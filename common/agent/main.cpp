// SPDX-License-Identifier: Apache-2.0
// ccm-agent: the program beside the web server that keeps its certificates valid
// (monitor/monitor.h, service.h).
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

#include "agent/cloud/check.h"
#include "agent/monitor/monitor.h"
#include "agent/process/log_line.h"
#include "agent/process/server_log.h"
#include "agent/service.h"
#include "base/text.h"
#include "base/version.h"
#include "config/checks/host_checks.h"
#include "config/input/wire.h"
#include "launch/process.h"

namespace ccm::agent {
namespace {

// Step 1 of the bootstrap (monitor/monitor.h): a process with nothing but its descriptors. What a
// hardened unit or an old kernel refuses is logged, and only that protection is missing.
void clean_process(const std::function<void(Severity, const std::string&)>& say) {
  const auto expect = [&](const Result<void>& done) {
    if (!done) say(Severity::warn, done.error().message() + "; the agent goes on without it");
  };
  launch::close_other_descriptors();
  launch::reset_signals();
  umask(077);
  // Fails only for a process group leader, which has no terminal to lose here.
  static_cast<void>(setsid());
  // Leaves the directory in which the server was started, so that it can be unmounted.
  if (chdir("/") != 0) expect(fail(system_error("changing to the root directory", errno)));
  expect(launch::forbid_dumps());
}

Result<config::Handover> read_handover() {
  Result<std::string> bytes = launch::read_from_start(launch::kSettingsDescriptor);
  if (!bytes) return pass(std::move(bytes));
  return config::decode_handover(*bytes);
}

// For a server's configuration test (launch.h).
int check(const config::Handover& handover) {
  const Result<config::Config> config = handover.settings.finalize();
  if (!config) {
    fmt::print(stderr, "ccm-agent: {}\n", printable(config.error().message()));
    return 2;
  }
  fmt::print("{}", config::encode_findings(check_work(*config)));
  return 0;
}

void show_role(char* argv0, std::size_t room, Member member) {
  switch (member) {
    case Member::monitor:
      return launch::set_title(argv0, room, {"ccm-agent: monitor", "ccm-monitor"});
    case Member::guard:
      return launch::set_title(argv0, room, {"ccm-agent: guard", "ccm-guard"});
    case Member::agent:
      return launch::set_title(argv0, room, {"ccm-agent", "ccm-agent"});
    case Member::keeper:
      return launch::set_title(argv0, room, {"ccm-agent: hook", "ccm-hook"});
  }
}

int run(char* argv0, bool is_check) {
  const std::size_t room = std::strlen(argv0);
  if (const Result<void> ready = launch::check_descriptors(); !ready) {
    fmt::print(stderr, "ccm-agent: {}\n", printable(ready.error().message()));
    return 2;
  }
  const Result<config::Handover> handover = read_handover();
  ServerLog log(handover ? handover->server : config::ServerFacts());
  const auto say = [&](Severity severity, const std::string& sentence) {
    log.write({severity, sentence}, getpid());
  };
  if (!handover) {
    say(Severity::error, "ccm-agent: settings: " + printable(handover.error().message()));
    return 2;
  }
  clean_process(say);
  if (is_check) return check(*handover);
  show_role(argv0, room, Member::monitor);
  return run_monitor({.handover = *handover,
                      .become =
                          [&](Member member) {
                            launch::close_other_descriptors();
                            show_role(argv0, room, member);
                          },
                      .agent = [&](const Pulse& pulse) { return run_service(*handover, pulse); },
                      .try_access = [&]() -> Result<void> {
                        const auto config = handover->settings.finalize();
                        if (!config) return fail(config.error());
                        return try_accesses(*config);
                      }});
}

}  // namespace
}  // namespace ccm::agent

int main(int argc, char** argv) {
  CLI::App app{
      "Keeps a web server's certificates valid. The server's module starts it when the server "
      "loads "
      "its configuration, and it ends with the server. Do not start it by hand.",
      "ccm-agent"};
  app.set_version_flag("--version", fmt::format("ccm-agent {}", ccm::version()));
  bool is_check = false;
  app.add_flag(
      "--check", is_check,
      "Only check whether the agent could work with its settings on this host; the server's "
      "configuration test asks for this");
  CLI11_PARSE(app, argc, argv);
  return ccm::agent::run(argv[0], is_check);
}
