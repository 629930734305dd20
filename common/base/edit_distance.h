// SPDX-License-Identifier: Apache-2.0
// How far a word is from another: to guess what somebody meant. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace ccm {

// How many characters to add, drop or replace to make one of the other (Levenshtein), whatever the
// case.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ccm
