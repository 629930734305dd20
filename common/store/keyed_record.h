// SPDX-License-Identifier: Apache-2.0
// A record with an optional private key, as orders and requests need: the record, an empty line,
// the key in PEM. The text is always held as Secret. Pure functions.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/key/key_pair.h"

namespace ccm::store {

struct KeyedRecord {
  Record record;
  std::optional<crypto::KeyPair> key;
};

Result<Secret> serialize(const KeyedRecord& keyed);
Result<KeyedRecord> parse_keyed_record(const Secret& text);

}  // namespace ccm::store
