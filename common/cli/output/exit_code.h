// SPDX-License-Identifier: Apache-2.0
// How ccmctl ends: one list, from which help, manual and code are made. Constant.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace ccm::cli {

enum class ExitCode : std::uint8_t {
  ok = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  refused = 4,
  unreachable = 5,
  pending = 6,
  not_served = 7,
};

struct ExitCodeEntry {
  ExitCode code;
  std::string_view meaning;
};
std::span<const ExitCodeEntry> exit_codes() noexcept;

// The exit code of a command that failed with this error.
ExitCode exit_code_of(const Error& error) noexcept;

}  // namespace ccm::cli
