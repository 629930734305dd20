// SPDX-License-Identifier: Apache-2.0
// Reads untrusted text as UTF-8 (RFC 3629), one character at a time. Pure functions, any thread.
#pragma once

#include <optional>
#include <string_view>

namespace ccm {

struct Utf8Character {
  std::string_view bytes;         // never empty
  std::optional<char32_t> value;  // nullopt: a byte that belongs to no character
};

// Takes the first character off the text, which must not be empty. Overlong forms, surrogates and
// incomplete characters are given byte by byte, without a value.
Utf8Character take_character(std::string_view& text) noexcept;

// Whether the character is displayed as itself. False for control characters (C0, DEL and C1), line
// and paragraph separators, marks that change the direction of what is around them, characters
// without width, tags, variation selectors and code points that are no characters.
bool is_visible(char32_t character) noexcept;

}  // namespace ccm
