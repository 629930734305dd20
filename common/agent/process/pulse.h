// SPDX-License-Identifier: Apache-2.0
// Signs of life between the processes of one agent: a few bytes of shared memory, in which each
// process counts its own, and what the monitor knows of the agent's files. The first process makes
// it, the others inherit it by fork, and any of them may read all. One thread of each process calls
// beat().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ccm::agent {

// A keeper watches over one run of a hook (hooks/hook_process.h) and gives no signs of life.
enum class Member : std::uint8_t { monitor, guard, agent, keeper };
inline constexpr std::size_t kMembers = 4;

class Pulse {
 public:
  // Without memory nothing is counted, and no process counts as hanging.
  static Pulse make() noexcept;

  bool counts() const noexcept { return counters_ != nullptr; }
  void beat(Member member) const noexcept;
  std::uint64_t beats(Member member) const noexcept;

  // Called by the monitor: whether a file that the agent has read (monitor/watched_files.h) is
  // unusable now.
  void tell_of_files(bool are_unusable) const noexcept;
  bool has_unusable_files() const noexcept;

 private:
  using Counter = std::atomic<std::uint64_t>;
  static_assert(Counter::is_always_lock_free, "different processes count");

  // One for each member, and one that is 1 while files are unusable. Stays for the rest of the
  // process's life.
  Counter* counters_ = nullptr;
};

}  // namespace ccm::agent
