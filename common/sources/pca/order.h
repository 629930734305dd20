// SPDX-License-Identifier: Apache-2.0
// A certificate ordered from PCA and not yet installed. It is written down before the order is
// sent, so that neither a crash nor an answer that never came leads to a second certificate: the
// next attempt finds the order, and with it the key, and asks PCA what became of it.
//
// Kept as the record "order" of its certificate; used by PcaSource only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key_pair.h"
#include "store/store.h"

namespace ccm::sources {

struct Order {
  std::optional<crypto::KeyPair> key;  // nullopt: PCA makes the key
  Time created_at;
  std::string certificate_id;    // empty: not known (yet)
  std::string spec_fingerprint;  // of the settings it was made for
  std::uint64_t version = 0;     // of the record; 0: not written yet
};

// Key-value lines, an empty line, the key in PEM: one block of wiped memory.
Result<Secret> serialize(const Order& order);
// `invalid` when it is not such a text; `version` stays 0.
Result<Order> parse_order(const Secret& text);

// nullopt when there is none; one that is damaged is removed and counts as none.
Result<std::optional<Order>> read_order(store::Store& store, const store::Lease& lease,
                                        const std::string& name);
// Writes it over the version it has and remembers the new one.
Result<void> write_order(store::Store& store, const store::Lease& lease, const std::string& name,
                         Order& order);
Result<void> remove_order(store::Store& store, const store::Lease& lease, const std::string& name);

}  // namespace ccm::sources
