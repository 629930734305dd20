// SPDX-License-Identifier: Apache-2.0
// Workers of a server that have stopped or hang, and the sentence about them. A worker gives a sign
// of life every few seconds (publication/worker_beats.h), even when it has nothing else to do.
// Plain values; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"

namespace ccm {

struct WorkerSign {
  pid_t pid = 0;
  Seconds silence{};  // since its last sign of life
};

// How many workers are silent, and which of them for the longest time.
struct SilentWorkers {
  std::uint32_t count = 0;
  pid_t longest = 0;
  Seconds silence{};

  friend bool operator==(const SilentWorkers&, const SilentWorkers&) = default;
};

// A worker that gives no sign for longer is silent.
inline constexpr Seconds kLongestWorkerSilence{8};

SilentWorkers silent_among(std::span<const WorkerSign> workers) noexcept;
// "worker process 71 has given no sign of life for 12 s: …", without an end.
std::string sentence_of(const SilentWorkers& silent);

}  // namespace ccm
