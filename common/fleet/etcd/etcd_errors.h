// SPDX-License-Identifier: Apache-2.0
// What a refusal of etcd means, in one sentence. Refusals come in four forms: an object with
// "message" and "code", one with "error" as a text, a stream's object with "error" as an object,
// and plain text. Pure functions.
#pragma once

#include <string_view>

#include "base/error.h"

namespace ccm::fleet {

// Codes of the Errors below: the token has run out or there was none; the lease is gone.
inline constexpr std::string_view kTokenWanted = "etcd.16";
inline constexpr std::string_view kNoSuchLease = "etcd.5";
// When it has no room for what is to be written.
inline constexpr std::string_view kEtcdIsFull = "etcd.full";
// When authentication is off.
inline constexpr std::string_view kNotInThisState = "etcd.9";

// `status` 0: the answer comes from a stream. `transient`: another member may do it.
Error judge_etcd_answer(int status, std::string_view body);

}  // namespace ccm::fleet
