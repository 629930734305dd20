// SPDX-License-Identifier: Apache-2.0
// An order: a certificate that was ordered from PCA and is not installed yet. The order is stored
// before it is sent, so that neither a crash nor a lost answer leads to a second certificate: the
// next attempt finds the order with its key, and asks PCA for the result.
//
// Kept as the record "order" of its certificate; used by PcaSource only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key/key_pair.h"
#include "store/store.h"

namespace ccm::sources {

struct Order {
  std::optional<crypto::KeyPair> key;  // nullopt: PCA makes the key
  Time created_at;
  std::string certificate_id;    // empty: not known (yet)
  std::string spec_fingerprint;  // of the settings it was made for
  std::uint64_t version = 0;     // of the record; 0: not written yet
};

// Key-value lines, an empty line, the key in PEM (store/keyed_record.h).
Result<Secret> serialize(const Order& order);
// `invalid` when it is not such a text; `version` stays 0.
Result<Order> parse_order(const Secret& text);

// nullopt when there is none. A damaged order is removed and counts as none.
Result<std::optional<Order>> read_order(store::Store& store, const store::Lease& lease,
                                        const std::string& name);
// Replaces the stored version that `order` was read from, and puts the new version into `order`.
Result<void> write_order(store::Store& store, const store::Lease& lease, const std::string& name,
                         Order& order);
Result<void> remove_order(store::Store& store, const store::Lease& lease, const std::string& name);

}  // namespace ccm::sources
