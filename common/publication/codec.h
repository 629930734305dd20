// SPDX-License-Identifier: Apache-2.0
// One published certificate as bytes: DER leaf, DER chain, DER key, OCSP response, and whether it
// is a placeholder. Pure functions; the decoder is fuzzed and never trusts a length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/bundle.h"
#include "publication/catalogue/catalogue_block.h"

namespace ccm::publication {

// What a slot holds.
struct Published {
  crypto::Bundle bundle;
  std::vector<std::byte> ocsp_response;  // DER; empty: none to staple
  bool is_placeholder = false;           // self-signed, shown until the first real certificate
};

// Holds the key, so it is a Secret. `rejected` when it is too large (crypto::check_publishable).
Result<Secret> encode(const Published& published);
// `invalid` on malformed input, `rejected` when key and leaf do not belong together.
Result<Published> decode(std::span<const std::byte> bytes);

// The parts of an encoded value, neither parsed nor verified; views into `bytes`. `invalid` on
// malformed input.
Result<ServedParts> take_apart(std::span<const std::byte> bytes);

// What any client can see of a published value. Reading it does not touch the key.
struct Shown {
  std::uint64_t generation = 0;  // the caller fills it in
  std::string serial;
  Time not_after{};
  Time staple_end{};  // 1970: there is no OCSP response
  bool is_placeholder = false;
};
Result<Shown> show(std::span<const std::byte> bytes);

// How many bytes of an encoded value is_placeholder() needs.
inline constexpr std::size_t kHeadSize = 12;
// Whether an encoded value is a placeholder, without decoding the rest.
bool is_placeholder(std::span<const std::byte> head) noexcept;

}  // namespace ccm::publication
