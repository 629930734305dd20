// SPDX-License-Identifier: Apache-2.0
// What may be said of a certificate in one word, in the server's status as in ccmctl. Plain values;
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
  unknown,  // no agent has told of it yet; of the server's status only
  held,
  valid,
  unused,     // no server names it; of ccmctl only, like the next one
  forgotten,  // and the operator knows
};
// Those of what a server names.
inline constexpr std::array kConditions{
    Condition::expired, Condition::missing, Condition::not_served, Condition::damaged,
    Condition::failing, Condition::refused, Condition::waiting,    Condition::unknown,
    Condition::held,    Condition::valid};

// "expired", "not served", …
std::string_view word_of(Condition condition) noexcept;

}  // namespace ccm
