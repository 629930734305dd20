// SPDX-License-Identifier: Apache-2.0
// The distance between two words, to guess what somebody meant. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace ccm {

// The number of characters to add, remove or replace to turn one word into the other (Levenshtein).
// Ignores case.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ccm
