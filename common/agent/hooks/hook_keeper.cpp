// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/hook_keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "agent/process/child.h"
#include "base/file.h"
#include "base/memory_file.h"
#include "base/text.h"
#include "base/trial.h"
#include "launch/process.h"

namespace ccm::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kLookAtChildren{100};
// How long to try to end a program that starts processes faster than they are killed.
constexpr Milliseconds kLongestEnding{5000};
constexpr int kStatusDescriptor = 3;
constexpr int kNotStarted = 127;

void try_subreaper() {
  prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

// Where a start failed, for the sentence about it.
struct Trouble {
  char stage = 0;
  int number = 0;
};
constexpr char kBecoming = 'b';
constexpr char kStarting = 's';

// Everything that the program needs, prepared before the fork.
struct Start {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const std::optional<Account>& account;
  int output;
  int status;
};

bool become_account(const Account& account) noexcept {
  return initgroups(account.name.c_str(), account.group) == 0 &&
         setresgid(account.group, account.group, account.group) == 0 &&
         setresuid(account.user, account.user, account.user) == 0;
}

[[noreturn]] void become_program(const Start& start) noexcept {
  const auto give_up = [&](char stage) {
    const Trouble trouble{stage, errno};
    static_cast<void>(write(kStatusDescriptor, &trouble, sizeof trouble) < 0);
    _exit(kNotStarted);
  };
  setsid();
  dup2(start.output, STDOUT_FILENO);
  dup2(start.output, STDERR_FILENO);
  dup3(start.status, kStatusDescriptor, O_CLOEXEC);
  close_descriptors_from(kStatusDescriptor + 1);
  signal(SIGPIPE, SIG_DFL);
  umask(022);
  if (start.account && !become_account(*start.account)) give_up(kBecoming);
  launch::die_with_parent();
  execve(start.arguments[0], start.arguments.data(), start.environment.data());
  give_up(kStarting);
  _exit(kNotStarted);
}

std::vector<char*> hook_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Children of this process, from /proc.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  const std::string parent = fmt::format("{}", getpid());
  const Handle<DIR, closedir> processes(opendir("/proc"));
  if (processes == nullptr) return found;
  while (const dirent* entry = readdir(processes.get())) {
    const auto pid = parse_unsigned(entry->d_name);
    if (!pid) continue;
    const FileDescriptor file(
        open(fmt::format("/proc/{}/stat", *pid).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    const ssize_t size = file ? read(file.get(), text.data(), text.size()) : 0;
    if (size <= 0) continue;
    // PID (COMMAND) STATE PARENT …; the command may hold anything.
    const std::string_view line(text.data(), static_cast<std::size_t>(size));
    const std::size_t end = line.rfind(')');
    if (end == line.npos) continue;
    const auto words = split(line.substr(std::min(end + 2, line.size())), ' ');
    if (words.size() > 1 && words[1] == parent) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

class Keeper {
 public:
  explicit Keeper(const HookOrder& order)
      : order_(order), ends_at_(SteadyClock::now() + order.time_limit) {}

  void run();

 private:
  bool start();
  void report(char kind, std::string_view text) const;
  void pass_on_output();
  void pass_on_line(std::string_view line);
  void drain_output();
  void reap();
  void say_end(int status);
  void end_everything();

  const HookOrder& order_;
  SteadyClock::time_point ends_at_;
  pid_t program_ = -1;
  FileDescriptor handle_;
  FileDescriptor output_;
  std::string partial_;
  std::size_t printed_ = 0;
  std::size_t passed_on_ = 0;
  bool is_cut_ = false;
  bool has_said_end_ = false;
  bool has_children_ = true;
};

bool Keeper::start() {
  std::array<int, 2> output{};
  std::array<int, 2> status{};
  if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(status.data(), O_CLOEXEC) != 0) {
    report(kReportFailed, fmt::format("could not be started: {}", errno_text(errno)));
    return false;
  }
  output_ = FileDescriptor(output[0]);
  FileDescriptor output_end(output[1]);
  const FileDescriptor status_in(status[0]);
  FileDescriptor status_end(status[1]);
  const Start start{.arguments = hook_pointers(order_.command),
                    .environment = hook_pointers(order_.environment),
                    .account = order_.account,
                    .output = output_end.get(),
                    .status = status_end.get()};
  program_ = fork();
  if (program_ == 0) become_program(start);
  if (program_ < 0) {
    report(kReportFailed, fmt::format("could not be started: {}", errno_text(errno)));
    return false;
  }
  output_end.reset();
  status_end.reset();
  handle_ = handle_of(program_);
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  Trouble trouble;
  if (read(status_in.get(), &trouble, sizeof trouble) == sizeof trouble) {
    has_said_end_ = true;
    report(kReportFailed, trouble.stage == kBecoming
                              ? fmt::format("could not be run as \"{}\": {}", order_.account->name,
                                            errno_text(trouble.number))
                              : fmt::format("could not be run: {}", errno_text(trouble.number)));
  }
  return true;
}

// Never blocks for long, because all reports together fit into the pipe.
void Keeper::report(char kind, std::string_view text) const {
  const std::string line = fmt::format("{}{}\n", kind, text);
  static_cast<void>(write(kKeeperReport, line.data(), line.size()) < 0);
}

void Keeper::pass_on_line(std::string_view line) {
  const std::string text(cut(printable(line), kMostHookLine));
  is_cut_ = is_cut_ || passed_on_ >= kMostHookOutput;
  if (is_cut_) return;
  passed_on_ += text.size() + 1;
  report(kReportLine, text);
}

void Keeper::pass_on_output() {
  std::array<char, 65536> buffer;
  const ssize_t count = read(output_.get(), buffer.data(), buffer.size());
  if (count == 0) output_.reset();
  if (count <= 0) return;
  printed_ += static_cast<std::size_t>(count);
  if (is_cut_) return;
  partial_.append(buffer.data(), static_cast<std::size_t>(count));
  partial_.erase(0, for_each_line(partial_, [this](std::string_view line) { pass_on_line(line); }));
  while (partial_.size() > kMostHookLine) {
    pass_on_line(std::string_view(partial_).substr(0, kMostHookLine));
    partial_.erase(0, kMostHookLine);
  }
}

// Reports what the program printed before it reports how it ended.
void Keeper::drain_output() {
  const auto patience_ends = SteadyClock::now() + kLookAtChildren;
  pollfd waiting{output_.get(), POLLIN, 0};
  while (output_ && SteadyClock::now() < patience_ends && poll(&waiting, 1, 0) > 0) {
    pass_on_output();
  }
  if (!partial_.empty()) pass_on_line(std::exchange(partial_, {}));
  if (!is_cut_) return;
  report(kReportLine,
         fmt::format("(it has printed {} bytes; what follows the first {} is left out)", printed_,
                     passed_on_));
}

void Keeper::say_end(int status) {
  if (std::exchange(has_said_end_, true)) return;
  drain_output();
  const bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  report(is_good ? kReportGood : kReportFailed, describe_end(status));
}

void Keeper::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != program_) continue;
    handle_.reset();
    program_ = -1;
    say_end(status);
  }
  has_children_ = pid == 0 || errno != ECHILD;
}

// The children of a killed process become ours, so this takes several rounds.
void Keeper::end_everything() {
  const auto gives_up = SteadyClock::now() + kLongestEnding;
  if (program_ > 0) kill(-program_, SIGKILL);
  while (SteadyClock::now() < gives_up) {
    int status = 0;
    while (waitpid(-1, &status, WNOHANG) > 0) {
    }
    const std::vector<pid_t> left = children();
    for (const pid_t pid : left) kill(pid, SIGKILL);
    if (left.empty()) break;
    poll(nullptr, 0, 1);
  }
  has_children_ = false;
}

void Keeper::run() {
  if (!is_deadly(try_subreaper)) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (!start()) return;
  for (;;) {
    reap();
    if (!has_children_) return;
    const auto now = SteadyClock::now();
    if (now >= ends_at_) {
      if (!std::exchange(has_said_end_, true)) {
        drain_output();
        report(kReportLate,
               fmt::format("was ended at its time limit of {} with everything it had started",
                           format_duration(order_.time_limit)));
      }
      return end_everything();
    }
    std::array<pollfd, 4> waiting{{{output_.get(), POLLIN, 0},
                                   {handle_.get(), POLLIN, 0},
                                   {kKeeperLeash, POLLIN, 0},
                                   {launch::kLifelineDescriptor, POLLIN, 0}}};
    const auto left = std::chrono::ceil<Milliseconds>(ends_at_ - now);
    const int timeout = static_cast<int>(std::min(left, kLookAtChildren).count());
    if (poll(waiting.data(), waiting.size(), timeout) < 0 && errno != EINTR)
      return end_everything();
    if (waiting[0].revents != 0) pass_on_output();
    // The monitor has died or asks for the end, or the server is gone.
    if (waiting[2].revents != 0 || waiting[3].revents != 0) return end_everything();
  }
}

}  // namespace

void keep_hook(const HookOrder& order) noexcept {
  Keeper(order).run();
}

}  // namespace ccm::agent
