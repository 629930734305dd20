// SPDX-License-Identifier: Apache-2.0
// The lock-out guard that remembers refusals in the store. Five refusals in a row lock the access
// key (docs/design/auth.md, "Limits and lock-out"); thanks to the record, crashes and reloads do
// not start the count again.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cloud/identity/session.h"
#include "store/store.h"

namespace ccm::lifecycle {

// After two refusals in a row these credentials are used in no call until they change. One probe is
// allowed an hour after the last refusal, and none after two refused probes, so there are never
// five refusals in a row. A success clears the record. When the store cannot be written, the guard
// still counts in memory. Borrows its arguments. Thread-safe. `kind` names the store's record.
std::unique_ptr<cloud::LockoutGuard> make_store_lockout_guard(store::Store& store,
                                                              const store::Lease& lease,
                                                              const Clock& clock,
                                                              std::string kind = "lockout");

// Whether the last answer about these credentials was a refusal, as far as the store remembers.
// Changes nothing: an agent that starts knows it without a call.
bool were_refused(const store::StoreReader& store, std::string_view fingerprint);

}  // namespace ccm::lifecycle
