// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ccm {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Sorted. Unicode 15: general categories Cc, Zl and Zp, the members of Cf and
// Default_Ignorable_Code_Point that have no shape of their own, and noncharacters; those at the end
// of every plane are left to the code.
constexpr std::array<Range, 26> kInvisible{{
    {0x0000, 0x001F},    // C0
    {0x007F, 0x009F},    // DEL and C1
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // Khmer inherent vowels
    {0x180B, 0x180F},    // Mongolian selectors and separator
    {0x200B, 0x200F},    // without width; left-to-right and right-to-left mark
    {0x2028, 0x202E},    // separators; embeddings and overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, isolates
    {0x2800, 0x2800},    // blank Braille pattern
    {0x3164, 0x3164},    // Hangul filler
    {0xD800, 0xDFFF},    // surrogates
    {0xFDD0, 0xFDEF},    // noncharacters
    {0xFE00, 0xFE0F},    // variation selectors
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF0, 0xFFFB},    // unassigned, interlinear annotations
    {0x110BD, 0x110BD},  // Kaithi number sign
    {0x13430, 0x1345F},  // hieroglyph format controls
    {0x1BCA0, 0x1BCA3},  // shorthand format controls
    {0x1D159, 0x1D159},  // musical null notehead
    {0x1D173, 0x1D17A},  // musical format controls
    {0xE0000, 0xE0FFF},  // tags, more variation selectors
    {0x110000, 0xFFFFFFFF},
}};

static_assert(std::is_sorted(kInvisible.begin(), kInvisible.end(),
                             [](const Range& a, const Range& b) { return a.last < b.first; }));

// How many bytes follow the first one, and what it says; nullopt when it cannot be a first one.
struct Lead {
  std::size_t following;
  char32_t value;
  char32_t least;  // a smaller value is written too long
};

std::optional<Lead> read_lead(unsigned char byte) noexcept {
  if (byte < 0x80U) return Lead{0, byte, 0};
  if ((byte & 0xE0U) == 0xC0U) return Lead{1, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0U) return Lead{2, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0U) return Lead{3, byte & 0x07U, 0x10000};
  return std::nullopt;
}

}  // namespace

Utf8Character take_character(std::string_view& text) noexcept {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::optional<Lead> lead = read_lead(byte_at(0));
  std::size_t size = 1;
  std::optional<char32_t> value;
  if (lead && lead->following < text.size()) {
    char32_t read = lead->value;
    bool is_whole = true;
    for (std::size_t i = 1; i <= lead->following; ++i) {
      is_whole = is_whole && (byte_at(i) & 0xC0U) == 0x80U;
      read = (read << 6U) | (byte_at(i) & 0x3FU);
    }
    const bool is_surrogate = read >= 0xD800 && read <= 0xDFFF;
    if (is_whole && read >= lead->least && read <= 0x10FFFF && !is_surrogate) {
      value = read;
      size = lead->following + 1;
    }
  }
  const Utf8Character taken{.bytes = text.substr(0, size), .value = value};
  text.remove_prefix(size);
  return taken;
}

bool is_visible(char32_t character) noexcept {
  if ((character & 0xFFFEU) == 0xFFFEU) return false;
  const auto range =
      std::lower_bound(kInvisible.begin(), kInvisible.end(), character,
                       [](const Range& each, char32_t wanted) { return each.last < wanted; });
  return range == kInvisible.end() || character < range->first;
}

}  // namespace ccm
