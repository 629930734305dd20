// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <array>

namespace ccm {
namespace {

constexpr std::array<std::string_view, 8> kNames{"emerg", "alert",  "crit", "error",
                                                 "warn",  "notice", "info", "debug"};

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  return kNames[static_cast<std::size_t>(severity)];
}

std::optional<Severity> parse_severity(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Severity>(i);
  }
  return std::nullopt;
}

}  // namespace ccm
