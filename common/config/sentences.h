// SPDX-License-Identifier: Apache-2.0
// The parts that error sentences about configuration share. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace ccm::config {

// The text in double quotes, control characters escaped, cut when it is absurdly long.
std::string in_quotes(std::string_view text);
// "a, b, c and 4 more": at most `limit` of them.
std::string enumerated(const std::vector<std::string>& words, std::size_t limit);
// "/etc/nginx/nginx.conf:12".
std::string to_string(const Origin& origin);
// Puts " in FILE:LINE" behind a sentence, the habit of nginx.
std::string at(std::string sentence, const Origin& origin);
// The candidate that `word` was probably meant to be, whatever the case; empty when none is near.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace ccm::config
