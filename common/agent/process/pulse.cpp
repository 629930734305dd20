// SPDX-License-Identifier: Apache-2.0
#include "agent/process/pulse.h"

#include <sys/mman.h>

#include <new>

namespace ccm::agent {

Pulse Pulse::make() noexcept {
  Pulse pulse;
  void* memory = mmap(nullptr, kMembers * sizeof(Counter), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return pulse;
  pulse.counters_ = static_cast<Counter*>(memory);
  for (std::size_t i = 0; i < kMembers; ++i) ::new (pulse.counters_ + i) Counter(0);
  return pulse;
}

void Pulse::beat(Member member) const noexcept {
  if (counts()) counters_[static_cast<std::size_t>(member)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Pulse::beats(Member member) const noexcept {
  if (!counts()) return 0;
  return counters_[static_cast<std::size_t>(member)].load(std::memory_order_relaxed);
}

}  // namespace ccm::agent
