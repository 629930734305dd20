// SPDX-License-Identifier: Apache-2.0
// A child process that writes a publication segment, as an agent that has not ended yet: it holds
// the segment's lock until this object is dropped.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "publication/writer.h"

namespace ccm::test {

class OtherWriter {
 public:
  // Returns when the lock is held.
  explicit OtherWriter(int segment) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      const auto writer = publication::Writer::attach(FileDescriptor(dup(segment)));
      const char answer = writer ? 'y' : 'n';
      static_cast<void>(write(ends[1], &answer, 1) < 0);
      for (;;) pause();
    }
    close(ends[1]);
    char answer = 'n';
    is_writing_ = read(ends[0], &answer, 1) == 1 && answer == 'y';
    close(ends[0]);
  }
  OtherWriter(const OtherWriter&) = delete;
  OtherWriter& operator=(const OtherWriter&) = delete;
  ~OtherWriter() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  bool is_writing() const noexcept { return is_writing_; }

 private:
  pid_t pid_ = -1;
  bool is_writing_ = false;
};

}  // namespace ccm::test
