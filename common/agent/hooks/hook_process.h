// SPDX-License-Identifier: Apache-2.0
// One run of a hook. Between the monitor and the program there is a keeper, a process of ours.
// Every process that the program starts, also in the background, becomes a child of the keeper (a
// "child subreaper" of the kernel). The keeper ends all of them at the time limit, when the monitor
// dies, and when the server ends.
//
// clang-format off
//   monitor ──► keeper (root or who we are) ──► program (its account, own session)
//      ▲   report   │   ▲                          │
//      └────────────┘   └──────── output ──────────┘
// clang-format on
//
// The keeper reads the output, so that a program that prints without end costs the monitor nothing:
// it passes on the beginning and only counts the rest. Owned by the monitor; one thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/account.h"
#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"

namespace ccm::agent {

// How many bytes of the output are passed on, and the longest line in bytes.
inline constexpr std::size_t kMostHookOutput = std::size_t{16} << 10U;
inline constexpr std::size_t kMostHookLine = 1000;

struct HookOrder {
  std::vector<std::string> command;      // program and arguments
  std::vector<std::string> environment;  // NAME=value
  std::string input;                     // for its standard input; at most 60 KiB
  std::optional<Account> account;        // nullopt: our own
  Seconds time_limit{};
};

struct HookNews {
  std::vector<std::string> lines;  // that it has printed since the last look
  // The end of the program itself; reported once.
  struct End {
    std::string outcome;  // "ended with status 0"
    bool is_good = false;
    bool is_late = false;  // it was ended at its time limit
  };
  std::optional<End> end;
  // No process that it started is left. No more news will come.
  bool is_over = false;
};

class HookProcess {
 public:
  // `become_keeper` is called in the new process, to drop what it inherited.
  static Result<HookProcess> start(const HookOrder& order,
                                   const std::function<void()>& become_keeper);
  HookProcess(HookProcess&&) noexcept;
  HookProcess& operator=(HookProcess&&) = delete;
  ~HookProcess();

  // Readable when there is news.
  int descriptor() const noexcept { return report_.get(); }
  HookNews look();
  // Makes the keeper end everything; look() tells when that is done.
  void cancel() noexcept { leash_.reset(); }
  // After cancel(): waits for the keeper's end, at most `patience`, and then kills it.
  void finish(std::chrono::milliseconds patience) noexcept;

 private:
  HookProcess(pid_t keeper, FileDescriptor report, FileDescriptor leash)
      : keeper_(keeper), report_(std::move(report)), leash_(std::move(leash)) {}

  pid_t keeper_ = -1;
  FileDescriptor report_;
  FileDescriptor leash_;  // the keeper ends everything when it is closed
  std::string partial_;
  bool has_ended_ = false;
};

}  // namespace ccm::agent
