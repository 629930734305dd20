// SPDX-License-Identifier: Apache-2.0
// Reads secrets from a file, from standard input, or typed without echo. Never from arguments or
// the environment, which others can see. One thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::cli {

// The file, or standard input for "-"; as it is, with its line ends. `invalid` names the file.
Result<Secret> read_input(const std::string& path);
// The same for a password: one line, without its line end.
Result<Secret> read_password(const std::string& path);
// Asks on the terminal. `invalid` without one; `instead` says what to give then.
Result<Secret> ask(std::string_view question, std::string_view instead);
// Asks twice, until both are the same.
Result<Secret> ask_new(std::string_view question, std::string_view instead);
// Asks a question of yes or no on the terminal. `invalid` without one, as ask().
Result<bool> confirm(std::string_view question, std::string_view instead);
// Whether ask() would find a terminal.
bool can_ask() noexcept;

}  // namespace ccm::cli
