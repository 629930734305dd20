// SPDX-License-Identifier: Apache-2.0
// A record that may have a private key behind it, as orders and requests have: the record, an empty
// line, the key in PEM. The text is Secret all the way. Pure functions.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/key_pair.h"

namespace ccm::store {

struct KeyedRecord {
  Record record;
  std::optional<crypto::KeyPair> key;
};

Result<Secret> serialize(const KeyedRecord& keyed);
Result<KeyedRecord> parse_keyed_record(const Secret& text);

}  // namespace ccm::store
