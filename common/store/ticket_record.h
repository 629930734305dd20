// SPDX-License-Identifier: Apache-2.0
// The ticket keys that the servers of a store share (policy/ticket_keys.h), in the form in which
// they are stored and handed to workers. The agent that leads writes them (agent/ticket_keeper.h)
// into the store's record "ticket-keys"; the agent of each server reads them.
//
// Every reader relies on the content, so it is checked when it is read. Functions for any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "policy/ticket_keys.h"
#include "store/store.h"
#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kTicketKeys = "ticket-keys";

// Empty when there are no keys.
Secret serialize_ticket_keys(const policy::TicketKeys& keys);
// `invalid` unless it is what serialize_ticket_keys() writes.
Result<policy::TicketKeys> parse_ticket_keys(const Secret& text);

struct StoredTicketKeys {
  policy::TicketKeys keys;
  std::uint64_t version = 0;  // of the record
};
// None when there are none; `invalid` when the record is damaged.
Result<StoredTicketKeys> read_ticket_keys(const StoreReader& store);
// Replaces the keys that were read as that version; an empty list removes the record. `transient`
// when it changed in the meantime or the lease is old.
Result<void> write_ticket_keys(Store& store, const Lease& lease, const policy::TicketKeys& keys,
                               std::uint64_t expected);

}  // namespace ccm::store
