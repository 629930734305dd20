// SPDX-License-Identifier: Apache-2.0
// ccm-agent-probe AGENT SETTINGS ERROR_LOG: a web server as the agent sees it. Loads the settings,
// fills a publication from the store, launches the agent, and says on standard output, a line each:
//   launched PID
//   served NAME SERIAL certificate|placeholder     (at first, and whenever it changes)
// until standard input ends. SETTINGS has one directive per line: "certificate NAME" opens a block,
// indented lines belong to it.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "launch/launch.h"
#include "publication/reader.h"
#include "server/start/bootstrap.h"
#include "store/kinds.h"

namespace {

using namespace ccm;

constexpr int kLookMilliseconds = 10;

class StandardErrorLog final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override {
    std::fprintf(stderr, "probe: %s: %.*s\n", std::string(to_string(severity)).c_str(),
                 static_cast<int>(line.size()), line.data());
  }
};

template <typename T>
T value_of(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "ccm-agent-probe: %s\n", result.error().message().c_str());
  std::exit(1);
}

void check(const Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "ccm-agent-probe: %s\n", result.error().message().c_str());
  std::exit(1);
}

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

config::Settings read_settings(const std::string& path) {
  config::Settings settings;
  std::ifstream file(path);
  std::string certificate;
  std::string line;
  for (unsigned number = 1; std::getline(file, line); ++number) {
    const config::Origin origin{path, number};
    std::vector<std::string> words;
    for (const std::string_view word : split(trim(line), ' ')) words.emplace_back(word);
    const std::string key = words.front();
    if (key.empty()) continue;
    words.erase(words.begin());
    if (key == "certificate") {
      certificate = words.at(0);
      check(settings.add_certificate(certificate, origin));
    } else if (line.front() == ' ') {
      check(settings.set_in(certificate, key, words, origin));
    } else {
      check(settings.set(key, words, origin));
    }
  }
  return settings;
}

struct Slot {
  std::string name;
  std::uint32_t index;
  std::uint64_t generation = 0;
};

void look(publication::Reader& reader, Slot& slot) {
  const std::uint64_t generation = reader.generation(slot.index);
  if (generation == slot.generation) return;
  slot.generation = generation;
  if (const auto served = reader.get(slot.index)) {
    say(fmt::format("served {} {} {}", slot.name, served->published.bundle.leaf().serial(),
                    served->published.is_placeholder ? "placeholder" : "certificate"));
  }
  if (const auto error = reader.take_error(slot.index)) say("error " + error->message());
}

// False when standard input has ended.
bool wait() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char byte = 0;
  return poll(&input, 1, kLookMilliseconds) == 0 || read(STDIN_FILENO, &byte, 1) > 0;
}

int run(const std::string& agent, const std::string& settings, const std::string& error_log) {
  StandardErrorLog log;
  config::Handover handover{.server = {.kind = config::ServerKind::nginx,
                                       .error_log = error_log,
                                       .log_level = Severity::info,
                                       .launch_id = fmt::format("{}", getpid()),
                                       .instance = config::make_instance()},
                            .settings = read_settings(settings)};
  const config::Config config = value_of(handover.settings.finalize());
  handover.server.place = config.global().state_path;
  const auto store = store::open_to_read(config.global().state_path);
  const publication::Writer writer = value_of(server::bootstrap(
      {.config = config, .store = *store, .segment = -1, .now = SystemClock().now()}, log));
  publication::Reader reader =
      value_of(publication::Reader::open(value_of(writer.open_read_only())));
  const launch::Launched launched = value_of(launch::launch({.program = agent,
                                                             .segment = writer.descriptor(),
                                                             .handover = handover,
                                                             .log_descriptor = STDERR_FILENO}));
  say(fmt::format("launched {}", launched.pid));
  std::vector<Slot> slots;
  for (const config::CertificateSpec& spec : config.certificates()) {
    slots.push_back({.name = spec.name, .index = reader.find(spec.name).value()});
  }
  do {
    for (Slot& slot : slots) look(reader, slot);
  } while (wait());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) return run(argv[1], argv[2], argv[3]);
  std::fputs("usage: ccm-agent-probe AGENT SETTINGS ERROR_LOG\n", stderr);
  return 2;
}
