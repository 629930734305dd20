// SPDX-License-Identifier: Apache-2.0
// What the engine knows about one certificate between two wake-ups.
//
//            obtain, gate, install                 failure
//   Absent ─────────────────────────► Valid ─────────────────► Failing ──► (retry_at) ──┐
//     │                                ▲  └── renew_at, check_at ──► obtain             │
//     │ failure                        └──────────────── success ◄──────────────────────┘
//     ├────────► Failing
//     ├────────► Waiting: nothing is wrong, it only is not ready; looked at again at retry_at
//     └────────► Rejected: not before the next check, or when settings or credentials change
//
// Persisted as a record ("state") so that a restarted agent neither hammers the cloud nor forgets.
#pragma once

#include <string>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"

namespace ccm::lifecycle {

// Nothing installed and nothing tried: due at once.
struct Absent {};
struct Valid {
  Time renew_at;
  Time check_at;
};
// For what takes time: an order at the authority, a first OCSP response, a certificate that is not
// valid yet.
struct Waiting {
  unsigned attempts = 0;  // in a row that found it not ready
  Time retry_at;
  Error reason;  // ErrorKind::pending
};
struct Failing {
  unsigned attempts = 0;  // in a row
  Time retry_at;
  Error error;
  unsigned costly = 0;  // of these attempts, those after which the next one orders anew
};
struct Rejected {
  Time check_at;
  Error error;
};
using State = std::variant<Absent, Valid, Waiting, Failing, Rejected>;

// When the state wants attention; the past means now. 1970 for Absent.
Time due(const State& state) noexcept;
// Why it is not Valid, the reason of a wait included; nullptr for Absent and Valid.
const Error* error_of(const State& state) noexcept;

// Whether the service asked us to stay away until then.
bool was_told_to_stay_away(const State& state) noexcept;

struct PersistedState {
  State state;
  std::string spec_fingerprint;  // of the settings the state was reached with
  std::string launch_id;         // of the configuration load that reached it
};

std::string serialize(const PersistedState& state);
Result<PersistedState> parse_state(std::string_view text);

}  // namespace ccm::lifecycle
