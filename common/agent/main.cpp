// ccm-agent: the program beside the web server that keeps its certificates valid (monitor.h,
// service.h).
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "agent/log_line.h"
#include "agent/monitor.h"
#include "agent/process.h"
#include "agent/service.h"
#include "base/text.h"
#include "config/wire.h"

namespace {

using namespace ccm;
using namespace ccm::agent;

// Step 1 of the bootstrap (monitor.h): a process with nothing but its three descriptors.
Result<void> clean_process() {
  close_other_descriptors();
  reset_signals();
  umask(077);
  // Fails only for a process group leader, which has no terminal to lose here.
  static_cast<void>(setsid());
  // The directory the server was started in must not be kept busy.
  if (chdir("/") != 0) return fail(system_error("changing to the root directory", errno));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return fail(system_error("giving up new privileges", errno));
  }
  return forbid_dumps();
}

Result<config::Handover> read_handover() {
  Result<std::string> bytes = read_from_start(kSettingsDescriptor);
  if (!bytes) return pass(std::move(bytes));
  return config::decode_handover(*bytes);
}

int run(char* argv0) {
  Result<void> ready = check_descriptors();
  if (ready) ready = clean_process();
  if (!ready) {
    fmt::print(stderr, "ccm-agent: {}\n", printable(ready.error().message()));
    return 2;
  }
  const Result<config::Handover> handover = read_handover();
  if (!handover) {
    fmt::print(stderr, "ccm-agent: settings: {}\n", printable(handover.error().message()));
    return 2;
  }
  set_title(argv0, "ccm-agent: monitor", "ccm-monitor");
  return run_monitor(*handover, [&] {
    close_other_descriptors();
    set_title(argv0, "ccm-agent", "ccm-agent");
    return run_service(*handover);
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "The program that keeps a web server's certificates valid. The server's module starts it "
      "when the server loads its configuration, and it ends with the server; there is nothing to "
      "start by hand.",
      "ccm-agent"};
  app.set_version_flag("--version", "ccm-agent " CCM_VERSION);
  CLI11_PARSE(app, argc, argv);
  return run(argv[0]);
}
