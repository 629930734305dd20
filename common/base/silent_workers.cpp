// SPDX-License-Identifier: Apache-2.0
#include "base/silent_workers.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ccm {

SilentWorkers silent_among(std::span<const WorkerSign> workers) noexcept {
  SilentWorkers silent;
  for (const WorkerSign& worker : workers) {
    if (worker.silence <= kLongestWorkerSilence) continue;
    ++silent.count;
    if (worker.silence <= silent.silence) continue;
    silent.longest = worker.pid;
    silent.silence = worker.silence;
  }
  return silent;
}

std::string sentence_of(const SilentWorkers& silent) {
  if (silent.count == 1) {
    return fmt::format(
        "worker process {} has given no sign of life for {}: it is stopped or hangs, and clients "
        "that have come to it get no answer",
        silent.longest, format_duration(silent.silence));
  }
  return fmt::format(
      "{} worker processes have given no sign of life, process {} for {}: they are stopped or "
      "hang, and clients that have come to them get no answer",
      silent.count, silent.longest, format_duration(silent.silence));
}

}  // namespace ccm
