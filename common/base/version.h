// SPDX-License-Identifier: Apache-2.0
// The release that a program was built from, in the program itself and readable from outside: every
// program and module of the project carries kVersionMark with the version behind it, so that
// `what` and `ccmctl doctor` tell it from the file, without running it. Constant.
#pragma once

#include <string_view>

namespace ccm {

// As what(1) looks for it, in two parts, so that whoever looks for it does not find his own search
// word.
inline constexpr std::string_view kVersionMarkStart = "@(#)";
inline constexpr std::string_view kVersionMarkName = "ccm-tls ";

// "0.1.0"
std::string_view version() noexcept;

}  // namespace ccm
