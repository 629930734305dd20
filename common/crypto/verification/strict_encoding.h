// SPDX-License-Identifier: Apache-2.0
// How strictly the strictest client in use (Go) reads the content of a certificate. OpenSSL accepts
// more. Used inside the crypto room only; pure functions, linear in their input.
#pragma once

#include <openssl/asn1.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace ccm::crypto {

// Whether the bytes are DER (X.690 section 10) as far as their outer structure shows: every length
// definite and as short as possible, integers as well, booleans 00 or FF, no bit set in the unused
// ones of a bit string, and no part of an object identifier above 31 bits, which is Go's limit.
bool is_strict_der(std::span<const std::byte> bytes) noexcept;

// Whether there is one element and nothing after it.
bool is_single_element(std::span<const std::byte> bytes) noexcept;

// Whether it begins with a sequence of nothing but integers above zero. OpenSSL takes a negative
// one in a key for a positive one.
bool are_positive_numbers(std::span<const std::byte> bytes) noexcept;

// Whether no boolean is written as false, in strict DER in which false is always the default, as in
// a certificate outside its extensions' values (X.690 section 11.5).
bool has_no_spelt_out_false(std::span<const std::byte> bytes) noexcept;

// Whether this part of a name has one of the usual string types and only characters of that type.
bool is_readable_text(const ASN1_STRING* text) noexcept;

}  // namespace ccm::crypto
