// SPDX-License-Identifier: Apache-2.0
// A secret for one recipient: encrypted with a public key, decrypted with the private one. It does
// not prove who encrypted it; if you need that, seal it as well (sealing.h).
//
//   "ccm-box-1\n"  ephemeral public key (DER, its length in a byte in front)  text  tag (16)
//
// ECDH on P-256, HKDF-SHA256 (RFC 5869) over both public keys and the context, AES-256-GCM. The key
// is used once, so that the nonce is zero. Free functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/key/key_pair.h"

namespace ccm::crypto {

// SubjectPublicKeyInfo, DER.
Result<std::string> public_half(const KeyPair& key);

// `invalid` when `recipient` is not a public key on P-256.
Result<std::string> close_box(std::string_view recipient, std::string_view context,
                              const Secret& text);
// `invalid` when it was altered, or made for another key or another context.
Result<Secret> open_box(const KeyPair& recipient, std::string_view context, std::string_view box);

}  // namespace ccm::crypto
