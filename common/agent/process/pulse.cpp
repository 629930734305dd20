// SPDX-License-Identifier: Apache-2.0
#include "agent/process/pulse.h"

#include <sys/mman.h>

#include <new>

namespace ccm::agent {
namespace {

constexpr std::size_t kFiles = kMembers;
constexpr std::size_t kCounters = kMembers + 1;

}  // namespace

Pulse Pulse::make() noexcept {
  Pulse pulse;
  void* memory = mmap(nullptr, kCounters * sizeof(Counter), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return pulse;
  pulse.counters_ = static_cast<Counter*>(memory);
  for (std::size_t i = 0; i < kCounters; ++i) ::new (pulse.counters_ + i) Counter(0);
  return pulse;
}

void Pulse::beat(Member member) const noexcept {
  if (counts()) counters_[static_cast<std::size_t>(member)].fetch_add(1, std::memory_order_relaxed);
}

void Pulse::tell_of_files(bool are_unusable) const noexcept {
  if (counts()) counters_[kFiles].store(are_unusable ? 1 : 0, std::memory_order_relaxed);
}

bool Pulse::has_unusable_files() const noexcept {
  return counts() && counters_[kFiles].load(std::memory_order_relaxed) != 0;
}

std::uint64_t Pulse::beats(Member member) const noexcept {
  if (!counts()) return 0;
  return counters_[static_cast<std::size_t>(member)].load(std::memory_order_relaxed);
}

}  // namespace ccm::agent
