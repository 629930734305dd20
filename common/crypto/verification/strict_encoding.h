// SPDX-License-Identifier: Apache-2.0
// How strictly the strictest clients in use (Go) read what is inside a certificate. OpenSSL reads
// more. Used inside the crypto room only; pure functions, linear in their input.
#pragma once

#include <openssl/asn1.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace ccm::crypto {

// Whether the bytes are DER (X.690 section 10) as far as their outer structure shows: every length
// definite and as short as possible, integers as well, booleans 00 or FF.
bool is_strict_der(std::span<const std::byte> bytes) noexcept;

// Whether the text of a name's part has one of the usual types and only characters of that type.
bool is_readable_text(const ASN1_STRING* text) noexcept;

// Whether a URI holds only ASCII without blanks, whole %-escapes, and a host and port that can be
// one. Relative ones pass.
bool is_plain_uri(std::string_view uri) noexcept;

}  // namespace ccm::crypto
