// SPDX-License-Identifier: Apache-2.0
// What the rooms below say while ccmctl does their work, on standard error. Any thread.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/log.h"
#include "base/text.h"
#include "cli/output/terminal.h"

namespace ccm::cli {

class TerminalLog final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override {
    if (severity >= Severity::info) return;
    Terminal::say(fmt::format("{}: {}", to_string(severity), printable(line)));
  }
};

}  // namespace ccm::cli
