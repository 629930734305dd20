// SPDX-License-Identifier: Apache-2.0
// The table of documented error codes. Constant data, any thread.
#pragma once

#include <span>
#include <string_view>

namespace emulator {

struct ErrorCode {
  std::string_view code;
  int status;
  std::string_view message;
};

std::span<const ErrorCode> error_codes();
// The table's entry, or nullptr when the documents do not list the code.
const ErrorCode* find_error_code(std::string_view code);

}  // namespace emulator
