// SPDX-License-Identifier: Apache-2.0
// The value of "on": which program to run at which events, as which account. Pure functions; config
// room only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

inline constexpr Seconds kUsualHookTime{30};
inline constexpr Seconds kLongestHookTime{600};

// EVENT[,EVENT...] run "PROGRAM [ARGUMENT...]" [user=ACCOUNT] [timeout=TIME]
Result<Hook> parse_hook(const std::vector<std::string>& arguments);
// Splits at blanks. A word in single quotes may hold blanks; no other character is special, because
// no shell reads the text.
Result<std::vector<std::string>> split_command(std::string_view text);

}  // namespace ccm::config
