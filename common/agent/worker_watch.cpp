// SPDX-License-Identifier: Apache-2.0
#include "agent/worker_watch.h"

#include <utility>
#include <vector>

namespace ccm::agent {
namespace {

// A little more than two signs of life, so that a worker that is only busy is not late.
constexpr Seconds kLate = 2 * publication::WorkerBeats::kBeat;

}  // namespace

WorkerWatch::WorkerWatch(std::optional<publication::WorkerBeats> beats, SignOfLife& life, Log& log)
    : beats_(std::move(beats)), life_(life), log_(log) {}

void WorkerWatch::look(SteadyTime now) {
  if (!beats_ || now < next_) return;
  next_ = now + kBetweenLooks;
  const std::vector<WorkerSign> late = beats_->workers(now, kLate);
  // The agent itself may have been stopped together with its server, so only the next look counts.
  const bool may_say = std::exchange(is_anyone_late_, !late.empty());
  if (is_anyone_late_ && !may_say) return;
  life_.sees(silent_among(late), now);
  say(late);
}

void WorkerWatch::say(const std::vector<WorkerSign>& late) {
  std::set<pid_t> silent;
  for (const WorkerSign& worker : late) {
    const SilentWorkers alone = silent_among({&worker, 1});
    if (alone.count == 0) continue;
    silent.insert(worker.pid);
    if (!silent_.contains(worker.pid)) log_.warn("{}", sentence_of(alone));
  }
  for (const pid_t pid : silent_) {
    if (silent.contains(pid)) continue;
    log_.notice("worker process {} gives signs of life again, or has ended", pid);
  }
  silent_ = std::move(silent);
}

}  // namespace ccm::agent
