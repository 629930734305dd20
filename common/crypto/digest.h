// SPDX-License-Identifier: Apache-2.0
// Hashes, message authentication and random bytes. Pure but for `random_bytes`; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::crypto {

using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(std::span<const std::byte> data);
Sha256 sha256(std::string_view text);
// HMAC-SHA256 (RFC 2104).
Sha256 hmac_sha256(const Secret& key, std::string_view data);

// Lower-case hexadecimal.
std::string to_hex(std::span<const std::byte> bytes);
// `to_hex(sha256(text))`.
std::string sha256_hex(std::string_view text);

// Random bytes from the system's generator; `internal` when it fails.
Result<Secret> random_bytes(std::size_t count);

}  // namespace ccm::crypto
