// SPDX-License-Identifier: Apache-2.0
// The parts that sentences about words share, in whatever room they are said. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ccm {

// "a, b, c and 4 more": at most `limit` of them.
std::string enumerated(const std::vector<std::string>& words, std::size_t limit);
// The candidate that `word` was probably meant to be, whatever the case; empty when none is near.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace ccm
