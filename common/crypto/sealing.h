// SPDX-License-Identifier: Apache-2.0
// Secrets for a place that others can read and write. Sealed text has a data key of its own, which
// lies beside it, sealed with a key that never goes there (an envelope). Both layers vouch for a
// context, such as the name under which the text lies: elsewhere it does not open.
//
//   "ccm-sealed-1\n"  length of the key's id (1 byte), id
//   nonce (12)  data key (32)  tag (16)       AES-256-GCM with the wrapping key
//   nonce (12)  text           tag (16)       AES-256-GCM with the data key
//
// A nonce is random, so a wrapping key is good for four thousand million texts (NIST SP 800-38D,
// 8.3). Free functions; any thread.
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
  std::string id;  // 1 to 64 bytes; is read by everybody
  Secret key;      // kSealingKeySize bytes
};

// A fresh one, with a random id of 16 hexadecimal digits.
Result<SealingKey> make_sealing_key();

Result<std::string> seal(const SealingKey& key, std::string_view context, const Secret& text);
// The id of the key that a sealed text wants. `invalid` when it is none.
Result<std::string> sealing_key_id(std::string_view sealed);
// `invalid` when it was sealed with another key or for another context, or was altered: nobody can
// tell which.
Result<Secret> unseal(const SealingKey& key, std::string_view context, std::string_view sealed);

// One layer of it: AES-256-GCM. What comes out is as long as the text, and the tag.
Result<std::string> encrypt_gcm(const Secret& key, std::string_view nonce, std::string_view context,
                                const Secret& text);
Result<Secret> decrypt_gcm(const Secret& key, std::string_view nonce, std::string_view context,
                           std::string_view encrypted);

}  // namespace ccm::crypto
