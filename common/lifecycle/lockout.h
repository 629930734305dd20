// SPDX-License-Identifier: Apache-2.0
// The lock-out guard whose memory is the store, so that neither a crashed agent nor a reload storm
// turns two refusals into five, which lock the key (docs/design/auth.md, "Limits and lock-out").
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "cloud/identity/session.h"
#include "store/store.h"

namespace ccm::lifecycle {

// After two refusals in a row no call is made with these credentials until they change; a single
// probe is allowed an hour after the last refusal, and after two refused probes none: never five in
// a row. A success forgets everything. When the store cannot be written the guard still counts in
// memory. Borrows its arguments. Thread-safe.
std::unique_ptr<cloud::LockoutGuard> make_store_lockout_guard(store::Store& store,
                                                              const store::Lease& lease,
                                                              const Clock& clock,
                                                              std::string kind = "lockout");

}  // namespace ccm::lifecycle
