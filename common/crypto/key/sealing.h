// SPDX-License-Identifier: Apache-2.0
// Encrypts secrets for a place that others can read and write (envelope encryption). Each sealed
// text has its own data key, which is stored beside it, encrypted with a wrapping key that is never
// stored there. Both layers authenticate a context, such as the name under which the text is
// stored: it cannot be unsealed under another name.
//
//   "ccm-sealed-1\n"  length of the key's id (1 byte), id
//   nonce (12)  data key (32)  tag (16)       AES-256-GCM with the wrapping key
//   nonce (12)  text           tag (16)       AES-256-GCM with the data key
//
// Nonces are random, so one wrapping key may seal at most 2^32 texts (NIST SP 800-38D, 8.3). Free
// functions; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::crypto {

inline constexpr std::size_t kSealingKeySize = 32;
inline constexpr std::size_t kSealingNonceSize = 12;
inline constexpr std::size_t kSealingTagSize = 16;

struct SealingKey {
  std::string id;  // 1 to 64 bytes; not secret
  Secret key;      // kSealingKeySize bytes
};

// A fresh one, with a random id of 16 hexadecimal digits.
Result<SealingKey> make_sealing_key();

Result<std::string> seal(const SealingKey& key, std::string_view context, const Secret& text);
// The id of the key that a sealed text needs. `invalid` when the text is not sealed.
Result<std::string> sealing_key_id(std::string_view sealed);
// `invalid` when it was sealed with another key or for another context, or was altered; the three
// cannot be told apart.
Result<Secret> unseal(const SealingKey& key, std::string_view context, std::string_view sealed);

// One layer: AES-256-GCM. The result is the encrypted text followed by the tag.
Result<std::string> encrypt_gcm(const Secret& key, std::string_view nonce, std::string_view context,
                                const Secret& text);
Result<Secret> decrypt_gcm(const Secret& key, std::string_view nonce, std::string_view context,
                           std::string_view encrypted);

}  // namespace ccm::crypto
