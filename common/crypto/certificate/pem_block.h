// SPDX-License-Identifier: Apache-2.0
// The blocks of a PEM text (RFC 7468), found by their markers and not by lines, because delivered
// texts are often glued together. Also base64, for PEM and for others. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::crypto {

// Far larger than every real chain or key, so that hostile or mistaken input costs little.
inline constexpr std::size_t kMaxInputSize = std::size_t{1} << 20;

struct PemBlock {
  std::string_view label;  // such as "CERTIFICATE"
  std::string_view body;   // between the markers; empty when the block has no end
  bool ended = false;      // false when its END marker is missing or another block begins before it
};

// The next block of `rest`, which is advanced past it; nullopt when there is none.
std::optional<PemBlock> next_pem_block(std::string_view& rest);

// Whether a private key's block is encrypted: PKCS#8 says it in the label, the older forms in a
// header (RFC 1421 section 4.6.1.1).
bool is_encrypted(const PemBlock& block) noexcept;

// The bytes of base64 text with white space anywhere in it. `invalid` for any other character and
// for text that is cut short. Wiped memory, because it may be a private key.
Result<Secret> decode_base64(std::string_view text);
// One line, padded; only for what is no secret.
std::string encode_base64(std::span<const std::byte> bytes);

// `invalid` with a sentence when the input is larger than `kMaxInputSize`.
Result<void> check_input_size(std::size_t size);

}  // namespace ccm::crypto
