// SPDX-License-Identifier: Apache-2.0
// A request that the emulated cloud answers with a documented error. Handlers throw it and the
// service turns it into the answer of its kind; an exception is the leanest way out of a handler,
// and it never leaves this program.
#pragma once

#include <string>

namespace emulator {

struct Refusal {
  // With the status and text of the error table (error_codes.h); `detail` is appended to the text.
  explicit Refusal(std::string code, const std::string& detail = "");
  Refusal(int status, std::string code, std::string message);

  int status;
  std::string code;
  std::string message;
};

}  // namespace emulator
