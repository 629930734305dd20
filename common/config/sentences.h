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
// "/etc/nginx/nginx.conf:12".
std::string to_string(const Origin& origin);
// Puts " in FILE:LINE" behind a sentence, the habit of nginx.
std::string at(std::string sentence, const Origin& origin);

}  // namespace ccm::config
