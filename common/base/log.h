// SPDX-License-Identifier: Apache-2.0
// The log of the core. A server module writes it into the server's error log, the agent into the
// stream that its monitor copies there, a test into a vector.
//
// `write` must be safe to call from any thread and must not throw: logging never fails the caller.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace ccm {

// The servers' own levels (nginx ngx_log.h, httpd http_log.h), most urgent first.
enum class Severity : std::uint8_t { emerg, alert, crit, error, warn, notice, info, debug };

// "emerg" … "debug".
std::string_view to_string(Severity severity) noexcept;
std::optional<Severity> parse_severity(std::string_view name) noexcept;

class Log {
 public:
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  virtual ~Log() = default;

  // One line without its line feed; the implementation escapes control characters.
  virtual void write(Severity severity, std::string_view line) noexcept = 0;

  template <typename... Args>
  void notice(fmt::format_string<Args...> format, Args&&... args) noexcept {
    formatted(Severity::notice, format, args...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) noexcept {
    formatted(Severity::info, format, args...);
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) noexcept {
    formatted(Severity::warn, format, args...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) noexcept {
    formatted(Severity::error, format, args...);
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
    formatted(Severity::debug, format, args...);
  }

 private:
  template <typename... Args>
  void formatted(Severity severity, fmt::string_view format, Args&... args) noexcept {
    try {
      write(severity, fmt::vformat(format, fmt::make_format_args(args...)));
    } catch (...) {
      write(severity, "a log line was lost: out of memory");
    }
  }
};

}  // namespace ccm
