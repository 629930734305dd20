// SPDX-License-Identifier: Apache-2.0
// The parts that error sentences about configuration share. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/origin.h"

namespace ccm::config {

// The text in double quotes, with control characters escaped; a very long text is cut.
std::string in_quotes(std::string_view text);
// "/etc/nginx/nginx.conf:12".
std::string to_string(const Origin& origin);
// Appends " in FILE:LINE" to a sentence, as nginx does.
std::string at(std::string sentence, const Origin& origin);

}  // namespace ccm::config
