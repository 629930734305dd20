// SPDX-License-Identifier: Apache-2.0
#include "agent/monitor/access_trial.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "agent/process/child.h"
#include "base/boundary.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kMostSentence = 4096;

void say(int descriptor, std::string_view sentence) {
  sentence = sentence.substr(0, kMostSentence);
  static_cast<void>(!write(descriptor, sentence.data(), sentence.size()));
}

int try_it(const std::function<Result<void>()>& attempt, int output) {
  return at_boundary(
      1, [&](const char* what) { say(output, what); },
      [&] {
        const Result<void> done = attempt();
        if (!done) say(output, done.error().message());
        return done ? 0 : 1;
      });
}

}  // namespace

Result<void> AccessTrial::start(const std::function<Result<void>()>& attempt) {
  stop();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(system_error("pipe", errno));
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  const pid_t pid = fork_child();
  if (pid == 0) _exit(try_it(attempt, write_end.get()));
  if (pid < 0) return fail(system_error("fork", errno));
  pid_ = pid;
  output_ = std::move(read_end);
  return {};
}

void AccessTrial::stop() noexcept {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
  output_.reset();
  sentence_.clear();
}

std::optional<Result<void>> AccessTrial::verdict() {
  if (pid_ < 0) return std::nullopt;
  std::array<char, kMostSentence> buffer;
  const ssize_t count = read(output_.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (count > 0) {
    sentence_.append(buffer.data(), static_cast<std::size_t>(count));
    return std::nullopt;
  }
  // The process has closed its end of the pipe, so it will end at once.
  int status = 0;
  const bool is_good = waitpid(std::exchange(pid_, -1), &status, 0) > 0 && WIFEXITED(status) &&
                       WEXITSTATUS(status) == 0;
  output_.reset();
  std::string sentence = std::exchange(sentence_, {});
  if (is_good) return Result<void>();
  if (sentence.empty()) sentence = "reading it did not come to an end";
  return Result<void>(fail(ErrorKind::invalid, std::move(sentence)));
}

}  // namespace ccm::agent
