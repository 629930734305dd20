// SPDX-License-Identifier: Apache-2.0
// The release that a program was built from. Every program and module of the project contains
// kVersionMarkStart, kVersionMarkName and the version, so that `what` and `ccmctl doctor` can read
// it from the file, without running it. Constant.
#pragma once

#include <string_view>

namespace ccm {

// The mark that what(1) searches for, in two parts, so that a program that searches for it does not
// find its own search text.
inline constexpr std::string_view kVersionMarkStart = "@(#)";
inline constexpr std::string_view kVersionMarkName = "ccm-tls ";

// "0.1.0"
std::string_view version() noexcept;

}  // namespace ccm
