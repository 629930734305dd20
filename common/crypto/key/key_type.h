// SPDX-License-Identifier: Apache-2.0
// The kind and size of a key, as written in configuration: "rsa:2048", "ecdsa:256". Value type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::crypto {

enum class KeyAlgorithm : std::uint8_t { rsa, ecdsa, other };

struct KeyType {
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;
  unsigned bits = 2048;

  friend bool operator==(const KeyType&, const KeyType&) = default;
};

// Accepts rsa:2048, rsa:3072, rsa:4096, ecdsa:256, ecdsa:384 (what PCA issues, operations.json
// CreateCertificate key_algorithm), also bare "rsa" and "ecdsa" for the smallest of them.
Result<KeyType> parse_key_type(std::string_view text);
// "rsa:2048", "ecdsa:256", "other".
std::string to_string(KeyType type);

}  // namespace ccm::crypto
