// SPDX-License-Identifier: Apache-2.0
// While it lives no file of this process can grow beyond a few bytes, as on a full disk. One
// thread.
#pragma once

#include <signal.h>
#include <sys/resource.h>

namespace ccm::test {

class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &usual_);
    const rlimit small{.rlim_cur = bytes, .rlim_max = usual_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &usual_);
    signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit usual_{};
};

}  // namespace ccm::test
