// SPDX-License-Identifier: Apache-2.0
// What is wrong with an agent that goes on all the same, so that nobody would notice before a
// renewal fails or another agent starts. Plain values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ccm {

enum class AgentFlaw : std::uint8_t {
  unusable_files,    // that lead to the cloud or the fleet; it has read them while they were good
  moved_state,       // its state directory is elsewhere by now
  unwritable_state,  // its state directory is full, over a quota or read-only
};
inline constexpr std::array kAgentFlaws{AgentFlaw::unusable_files, AgentFlaw::moved_state,
                                        AgentFlaw::unwritable_state};
// "unusable_files", for programs.
std::string_view word_of(AgentFlaw flaw) noexcept;
// For people, without an end: "a file that … is gone, or …".
std::string_view sentence_of(AgentFlaw flaw) noexcept;

class AgentFlaws {
 public:
  AgentFlaws() = default;
  // Bits that a newer release has set are left out.
  explicit AgentFlaws(std::uint32_t bits) noexcept;

  void set(AgentFlaw flaw, bool is_so) noexcept;
  bool has(AgentFlaw flaw) const noexcept { return (bits_ & bit(flaw)) != 0; }
  bool any() const noexcept { return bits_ != 0; }
  // Those that are so.
  std::vector<AgentFlaw> list() const;
  std::uint32_t bits() const noexcept { return bits_; }

  friend bool operator==(AgentFlaws, AgentFlaws) = default;

 private:
  static constexpr std::uint32_t bit(AgentFlaw flaw) noexcept {
    return 1U << static_cast<unsigned>(flaw);
  }

  std::uint32_t bits_ = 0;
};

}  // namespace ccm
