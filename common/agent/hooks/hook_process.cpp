// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/hook_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "agent/hooks/hook_keeper.h"
#include "base/text.h"
#include "launch/process.h"

namespace ccm::agent {
namespace {

constexpr std::string_view kActivity = "starting a hook";
// Higher than every descriptor that the keeper needs.
constexpr int kHookWaitingRoom = 16;

struct Pipe {
  FileDescriptor reading;
  FileDescriptor writing;
};

Result<Pipe> make_hook_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(system_error(kActivity, errno));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// In the keeper: moves its descriptors to their numbers, whatever numbers they have.
void arrange_descriptors(int input, int report, int leash) noexcept {
  const std::array<std::pair<int, int>, 3> wanted{
      {{fcntl(input, F_DUPFD_CLOEXEC, kHookWaitingRoom), STDIN_FILENO},
       {fcntl(report, F_DUPFD_CLOEXEC, kHookWaitingRoom), kKeeperReport},
       {fcntl(leash, F_DUPFD_CLOEXEC, kHookWaitingRoom), kKeeperLeash}}};
  for (const auto& [source, target] : wanted)
    dup3(source, target, target == STDIN_FILENO ? 0 : O_CLOEXEC);
}

}  // namespace

Result<HookProcess> HookProcess::start(const HookOrder& order,
                                       const std::function<void()>& become_keeper) {
  Result<Pipe> input = make_hook_pipe();
  Result<Pipe> report = make_hook_pipe();
  Result<Pipe> leash = make_hook_pipe();
  for (auto* pipe : {&input, &report, &leash}) {
    if (!*pipe) return pass(std::move(*pipe));
  }
  // The whole input fits into the pipe, so nobody waits for a program that does not read.
  fcntl(input->writing.get(), F_SETFL, O_NONBLOCK);
  const ssize_t written = write(input->writing.get(), order.input.data(), order.input.size());
  if (written != static_cast<ssize_t>(order.input.size())) {
    return fail(system_error("handing an event to a hook", written < 0 ? errno : ENOSPC));
  }
  const pid_t pid = fork();
  if (pid < 0) return fail(system_error(kActivity, errno));
  if (pid == 0) {
    arrange_descriptors(input->reading.get(), report->writing.get(), leash->reading.get());
    become_keeper();
    keep_hook(order);
    _exit(0);
  }
  fcntl(report->reading.get(), F_SETFL, O_NONBLOCK);
  return HookProcess(pid, std::move(report->reading), std::move(leash->writing));
}

HookProcess::HookProcess(HookProcess&& other) noexcept
    : keeper_(std::exchange(other.keeper_, -1)),
      report_(std::move(other.report_)),
      leash_(std::move(other.leash_)),
      partial_(std::move(other.partial_)),
      has_ended_(other.has_ended_) {}

HookProcess::~HookProcess() {
  cancel();
  finish(std::chrono::milliseconds(0));
}

HookNews HookProcess::look() {
  HookNews news;
  std::array<char, 65536> buffer;
  ssize_t count = 0;
  while ((count = read(report_.get(), buffer.data(), buffer.size())) > 0) {
    partial_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  news.is_over = count == 0 || (errno != EAGAIN && errno != EINTR);
  const std::size_t lines = for_each_line(partial_, [&](std::string_view line) {
    if (line.empty()) return;
    std::string text = printable(line.substr(1));
    if (line[0] == kReportLine) {
      news.lines.push_back(std::move(text));
    } else if (!std::exchange(has_ended_, true)) {
      news.end = HookNews::End{.outcome = std::move(text),
                               .is_good = line[0] == kReportGood,
                               .is_late = line[0] == kReportLate};
    }
  });
  partial_.erase(0, lines);
  if (news.is_over && !std::exchange(has_ended_, true)) {
    news.end = HookNews::End{.outcome = "was ended from outside", .is_good = false};
  }
  return news;
}

void HookProcess::finish(std::chrono::milliseconds patience) noexcept {
  constexpr int kLook = 5;
  if (keeper_ < 0) return;
  for (auto left = patience; waitpid(keeper_, nullptr, WNOHANG) == 0;
       left -= std::chrono::milliseconds(kLook)) {
    if (left.count() <= 0) {
      kill(keeper_, SIGKILL);
      waitpid(keeper_, nullptr, 0);
      break;
    }
    poll(nullptr, 0, kLook);
  }
  keeper_ = -1;
}

}  // namespace ccm::agent
