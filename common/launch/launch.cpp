// SPDX-License-Identifier: Apache-2.0
#include "launch/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/memory_file.h"
#include "base/text.h"
#include "launch/process.h"

namespace ccm::launch {
namespace {

constexpr int kStatusDescriptor = kFirstOtherDescriptor;
// Where descriptors wait while the numbers 0 to 8 are assigned; above every one of them.
constexpr int kWaitingRoom = 16;
constexpr int kLongestAnswer = 5000;  // milliseconds
constexpr std::size_t kMostAnswer = std::size_t{64} * 1024;
// Where the agent may be, seen from the folder of the file that starts it: in a build tree, and
// installed (scripts/cmake/CcmPaths.cmake). Absolute paths stay as they are.
constexpr std::array kAgentPlaces = {"ccm-agent", "../bin/ccm-agent", CCM_AGENT_PLACES};

// The settings in memory. Nobody can change them through the descriptor that the agent gets.
Result<FileDescriptor> seal_settings(const config::Handover& handover) {
  const std::string bytes = config::encode_handover(handover);
  Result<MemoryFile> made = make_memory_file("ccm-settings", {});
  if (!made) return fail_with(std::move(made), "creating memory for the agent's settings");
  const FileDescriptor& memory = made->file;
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = write(memory.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(system_error("writing the agent's settings", errno));
    done += static_cast<std::size_t>(count);
  }
  if (made->read_only) return std::move(made->read_only);
  if (!made->place.empty()) return open_again_read_only(memory.get());
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) {
    return fail(system_error("sealing the agent's settings", errno));
  }
  return std::move(made->file);
}

// The variables of our environment that the agent gets, as NAME=value: the time zone, for log
// lines. No other one, because it may hold a cloud credential.
std::vector<std::string> environment() {
  std::vector<std::string> variables{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
  if (const char* zone = getenv("TZ"); zone != nullptr) {
    variables.push_back(std::string("TZ=") + zone);
  }
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything the child needs, made before the fork: afterwards only async-signal-safe calls.
struct Birth {
  const char* program;
  char* const* arguments;
  char* const* environment;
  std::array<int, kStatusDescriptor + 1> descriptors;  // source of each target, by target
};

[[noreturn]] void give_up(int status) noexcept {
  const int reason = errno;
  static_cast<void>(write(status, &reason, sizeof reason) < 0);
  _exit(127);
}

[[noreturn]] void become_agent(const Birth& birth) noexcept {
  std::array<int, kStatusDescriptor + 1> waiting{};
  for (std::size_t target = 0; target < waiting.size(); ++target) {
    waiting[target] = fcntl(birth.descriptors[target], F_DUPFD_CLOEXEC, kWaitingRoom);
    if (waiting[target] < 0) give_up(birth.descriptors[kStatusDescriptor]);
  }
  int target = 0;
  for (const int source : waiting) {
    const int flags = target == kStatusDescriptor ? O_CLOEXEC : 0;
    if (dup3(source, target, flags) < 0) give_up(waiting[kStatusDescriptor]);
    ++target;
  }
  close_descriptors_from(kStatusDescriptor + 1);
  execve(birth.program, birth.arguments, birth.environment);
  give_up(kStatusDescriptor);
}

// Waits for exec. When it succeeds, the status pipe closes without a message.
Result<void> await_exec(FileDescriptor status, pid_t pid, const std::string& program) {
  int reason = 0;
  ssize_t count = 0;
  do {
    count = read(status.get(), &reason, sizeof reason);
  } while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof reason)) return {};
  waitpid(pid, nullptr, 0);
  return fail(system_error("starting the agent " + program, reason));
}

// The first end reads what is written to the second one.
Result<std::array<FileDescriptor, 2>> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(system_error("preparing to start the agent", errno));
  }
  return std::array<FileDescriptor, 2>{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

struct Lifeline {
  FileDescriptor server;
  FileDescriptor agent;
};

// A socket pair, or a pipe if the unit allows no UNIX sockets (RestrictAddressFamilies). All that
// counts is that the agent's end shows when the server's end is gone.
Result<Lifeline> make_lifeline() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0) {
    return Lifeline{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  }
  Result<std::array<FileDescriptor, 2>> pipe = make_pipe();
  if (!pipe) return pass(std::move(pipe));
  return Lifeline{std::move((*pipe)[1]), std::move((*pipe)[0])};
}

// fork + exec with these as the descriptors 0 to 7.
Result<pid_t> spawn(const std::string& program, std::vector<std::string> arguments,
                    const std::array<int, kStatusDescriptor>& descriptors) {
  Result<std::array<FileDescriptor, 2>> status = make_pipe();
  if (!status) return pass(std::move(status));
  std::vector<std::string> variables = environment();
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> variable_pointers = pointers_to(variables);
  Birth birth{program.c_str(), argument_pointers.data(), variable_pointers.data(), {}};
  std::copy(descriptors.begin(), descriptors.end(), birth.descriptors.begin());
  birth.descriptors[kStatusDescriptor] = (*status)[1].get();
  const pid_t pid = fork();
  if (pid < 0) return fail(system_error("starting the agent", errno));
  if (pid == 0) become_agent(birth);
  (*status)[1].reset();
  Result<void> started = await_exec(std::move((*status)[0]), pid, program);
  if (!started) return pass(std::move(started));
  return pid;
}

// Reads to the end; nullopt when the end does not come in time, or there is far too much.
std::optional<std::string> read_in_time(int descriptor) {
  using std::chrono::steady_clock;
  std::string text;
  std::array<char, 4096> buffer;
  const auto end = steady_clock::now() + std::chrono::milliseconds(kLongestAnswer);
  while (text.size() <= kMostAnswer) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now()).count();
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return std::nullopt;
}

}  // namespace

// JOURNAL_STREAM identifies the stream that systemd has made of the standard error
// (systemd.exec(5)).
bool is_journal(int descriptor) {
  const char* stream = getenv("JOURNAL_STREAM");
  struct stat status = {};
  return stream != nullptr && fstat(descriptor, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

Result<Launched> launch(const LaunchRequest& request) {
  config::Handover handover = request.handover;
  handover.server.logs_to_journal = is_journal(request.log_descriptor);
  Result<FileDescriptor> settings = seal_settings(handover);
  if (!settings) return pass(std::move(settings));
  Result<Lifeline> lifeline = make_lifeline();
  if (!lifeline) return pass(std::move(lifeline));
  const FileDescriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail(system_error("opening /dev/null for the agent", errno));
  const int log = request.log_descriptor >= 0 ? request.log_descriptor : null.get();
  const int segment = request.segment >= 0 ? request.segment : null.get();
  const int board = request.canary_board >= 0 ? request.canary_board : null.get();
  const int beats = request.worker_beats >= 0 ? request.worker_beats : null.get();
  Result<pid_t> pid = spawn(
      request.program, {"ccm-agent: monitor"},
      {null.get(), null.get(), log, segment, lifeline->agent.get(), settings->get(), board, beats});
  if (!pid) return pass(std::move(pid));
  return Launched{*pid, std::move(lifeline->server)};
}

Result<std::vector<config::HostFinding>> inquire(const std::string& program,
                                                 const config::Handover& handover) {
  Result<FileDescriptor> settings = seal_settings(handover);
  if (!settings) return pass(std::move(settings));
  Result<std::array<FileDescriptor, 2>> answer = make_pipe();
  if (!answer) return pass(std::move(answer));
  const FileDescriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail(system_error("opening /dev/null for the agent", errno));
  const int nothing = null.get();
  Result<pid_t> pid = spawn(
      program, {"ccm-agent: check", "--check"},
      {nothing, (*answer)[1].get(), nothing, nothing, nothing, settings->get(), nothing, nothing});
  if (!pid) return pass(std::move(pid));
  (*answer)[1].reset();
  const std::optional<std::string> text = read_in_time((*answer)[0].get());
  kill(*pid, SIGKILL);
  // Fails when the server's own handler was faster.
  static_cast<void>(waitpid(*pid, nullptr, 0));
  if (!text) {
    return fail(ErrorKind::transient,
                fmt::format("{} did not answer within {} seconds", program, kLongestAnswer / 1000));
  }
  return config::decode_findings(*text);
}

bool is_attended(const FileDescriptor& lifeline) noexcept {
  pollfd end{lifeline.get(), 0, 0};
  return lifeline && poll(&end, 1, 0) == 0;
}

void end_agent(Launched launched) noexcept {
  constexpr int kPatience = 1000;  // milliseconds
  // The other ends see this end as closed, and this end still shows when they are closed.
  const bool can_wait = shutdown(launched.lifeline.get(), SHUT_WR) == 0;
  if (!can_wait || launched.pid <= 0) return;
  pollfd end{launched.lifeline.get(), 0, 0};
  int count = 0;
  do {
    count = poll(&end, 1, kPatience);
  } while (count < 0 && errno == EINTR);
  // Some of its processes still hold the lifeline, so the process group belongs to them and nobody
  // else.
  if (count == 0) kill(-launched.pid, SIGKILL);
}

Result<std::string> find_agent(const std::string& configured, const std::string& module_path) {
  const std::filesystem::path beside = std::filesystem::path(module_path).parent_path();
  std::vector<std::string> places;
  for (const char* place : kAgentPlaces) places.push_back((beside / place).string());
  if (!configured.empty()) places = {configured};
  for (const std::string& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place;
  }
  for (std::string& place : places) {
    place = std::filesystem::path(place).lexically_normal().string();
  }
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return fail(ErrorKind::invalid,
              "no agent program that can be executed at " + join(places, ", ") +
                  "; install it (package ccm-agent) or name it in the server's configuration "
                  "(agent_path, CCMAgentPath)");
}

}  // namespace ccm::launch
