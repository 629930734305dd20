// SPDX-License-Identifier: Apache-2.0
// What can go wrong, as a value. Every failure in the program is one `Error`; it travels in
// `Result<T>` (result.h) up to the last C++ frame and is never thrown.
//
// The kind is a scheduling decision, not a diagnosis: it says what the lifecycle may do next.
// The message is for the person who reads the server's error log: one sentence that says what was
// being done, what was wrong and, where it can be known, what would be right.
//
// Plain value type: any thread, any process. Callers never put a secret into an Error.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ccm {

enum class ErrorKind : std::uint8_t {
  transient,     // network, 5xx, disk full: try again with back-off
  throttled,     // the service said "slow down": try again after retry_after
  pending,       // not wrong, just not ready: look again at retry_after
  unauthorized,  // the credentials were refused: counts towards the lock-out guard
  rejected,      // needs other settings, credentials or cloud state: again with the next check
  invalid,       // the operator's input or a peer's data is malformed: again with back-off
  internal,      // a defect or a broken local resource: try again with the longest back-off
};

// The kind's name as it appears in logs and records, such as "transient".
std::string_view to_string(ErrorKind kind) noexcept;
// The inverse; nullopt for a name that no kind has.
std::optional<ErrorKind> parse_error_kind(std::string_view name) noexcept;

class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }

  // The service's own code, such as "SCM.4002" or "APIGW.0308"; empty when there was none.
  const std::string& code() const noexcept { return code_; }
  // The service's request id, for a support ticket; empty when there was none.
  const std::string& request_id() const noexcept { return request_id_; }
  // How long the service asked us to stay away.
  std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

  // "context: message". Prepended on the way up, so the sentence reads from the outside in:
  // `certificate "www": export from SCM: ...`.
  Error with_context(std::string_view context) &&;
  Error with_code(std::string code, std::string request_id) &&;
  Error with_retry_after(std::chrono::seconds wait) &&;
  Error with_kind(ErrorKind kind) &&;

  // True when trying again without any change can help.
  bool is_retryable() const noexcept;

 private:
  ErrorKind kind_;
  std::string message_;
  std::string code_;
  std::string request_id_;
  std::optional<std::chrono::seconds> retry_after_;
};

// An errno value as a sentence part, such as "No space left on device". Thread-safe.
std::string errno_text(int error_number);
// A failed system call: "activity: reason". ENOSPC, EDQUOT, EIO and their like are transient,
// everything else internal.
Error system_error(std::string_view activity, int error_number);

}  // namespace ccm
