// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace ccm {
namespace {

struct KindName {
  ErrorKind kind;
  std::string_view name;
};

constexpr std::array<KindName, 7> kKindNames{{
    {ErrorKind::transient, "transient"},
    {ErrorKind::throttled, "throttled"},
    {ErrorKind::pending, "pending"},
    {ErrorKind::unauthorized, "unauthorized"},
    {ErrorKind::rejected, "rejected"},
    {ErrorKind::invalid, "invalid"},
    {ErrorKind::internal, "internal"},
}};

}  // namespace

std::string_view to_string(ErrorKind kind) noexcept {
  for (const KindName& entry : kKindNames) {
    if (entry.kind == kind) return entry.name;
  }
  return "internal";
}

std::optional<ErrorKind> parse_error_kind(std::string_view name) noexcept {
  for (const KindName& entry : kKindNames) {
    if (entry.name == name) return entry.kind;
  }
  return std::nullopt;
}

Error Error::with_context(std::string_view context) && {
  message_.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

Error Error::with_code(std::string code, std::string request_id) && {
  code_ = std::move(code);
  request_id_ = std::move(request_id);
  return std::move(*this);
}

Error Error::with_retry_after(std::chrono::seconds wait) && {
  retry_after_ = wait;
  return std::move(*this);
}

Error Error::with_kind(ErrorKind kind) && {
  kind_ = kind;
  return std::move(*this);
}

bool Error::is_retryable() const noexcept {
  return kind_ != ErrorKind::rejected && kind_ != ErrorKind::invalid;
}

std::string errno_text(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

Error system_error(std::string_view activity, int error_number) {
  const bool may_pass = error_number == ENOSPC || error_number == EDQUOT || error_number == EIO ||
                        error_number == EMFILE || error_number == ENFILE ||
                        error_number == ENOMEM || error_number == EAGAIN || error_number == EROFS;
  return Error(may_pass ? ErrorKind::transient : ErrorKind::internal, errno_text(error_number))
      .with_context(activity);
}

}  // namespace ccm
