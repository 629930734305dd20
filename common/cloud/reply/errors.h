// SPDX-License-Identifier: Apache-2.0
// What a service's refusal means: every documented error code becomes one decision and one readable
// sentence. The table is made from the services' error lists by scripts/generate-error-table; codes
// it does not know are decided by HTTP status. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {

enum class Decision : std::uint8_t {
  retry,            // the service is in trouble: again later, with back-off
  slow_down,        // too many requests: again after the time it names
  never,            // the request as configured cannot succeed
  alert,            // a person must act on the account: permission, quota, arrears, support
  new_token,        // the token is stale: get one, repeat once
  bad_credentials,  // the key or password was refused: counts towards the lock-out
};

// The kind for the scheduler: retry is transient, slow_down throttled, never and alert rejected,
// the last two unauthorized (if a new token does not help, a stale token is a refusal).
ErrorKind kind_of(Decision decision) noexcept;

struct ErrorEntry {
  int status;
  std::string_view code;
  Decision decision;
  std::string_view advice;  // may be empty
};

// Sorted by code, then status.
std::span<const ErrorEntry> error_table() noexcept;
// The entry of the code with this status, or else its first entry; nullptr for an unknown code.
const ErrorEntry* find_error_entry(int status, std::string_view code) noexcept;
// What an unknown code means.
Decision decision_for_status(int status) noexcept;

// The call that failed, as far as the sentence and the waiting time need it.
struct FailedCall {
  std::string_view host;
  std::string_view iam_action;  // permission the operation needs; empty when none is documented
  Time now;
};

struct Verdict {
  Decision decision;
  Error error;
  // The gateway let the request through to the service, so it knew who was asking.
  bool proves_identity;
};

// Judges an answer that is not 2xx. The service's own text is quoted printable, cut short and
// without the canonical request or any token it may echo.
Verdict judge_failure(const HttpResponse& response, const FailedCall& call);

}  // namespace ccm::cloud
