// SPDX-License-Identifier: Apache-2.0
// The condition of a certificate in one word, in the server's status and in ccmctl. Plain values;
// any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ccm {

// The worst first.
enum class Condition : std::uint8_t {
  expired,
  missing,
  not_served,
  damaged,
  failing,
  refused,
  waiting,
  unknown,  // no agent has reported it yet; only in the server's status
  held,
  valid,
  unused,     // no server names it; only in ccmctl, like the next one
  forgotten,  // as unused, and the operator has said that it may go
};
// The conditions of certificates that a server names.
inline constexpr std::array kConditions{
    Condition::expired, Condition::missing, Condition::not_served, Condition::damaged,
    Condition::failing, Condition::refused, Condition::waiting,    Condition::unknown,
    Condition::held,    Condition::valid};

// "expired", "not served", …
std::string_view word_of(Condition condition) noexcept;

}  // namespace ccm
