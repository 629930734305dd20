// SPDX-License-Identifier: Apache-2.0
// Parts of sentences that several rooms need. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ccm {

// "a, b, c and 4 more": at most `limit` of them.
std::string enumerated(const std::vector<std::string>& words, std::size_t limit);
// The candidate that `word` probably stands for, regardless of case; empty when none is similar.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace ccm
