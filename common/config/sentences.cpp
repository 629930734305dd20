// SPDX-License-Identifier: Apache-2.0
#include "config/sentences.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ccm::config {
namespace {

constexpr std::size_t kLongestQuote = 120;

}  // namespace

std::string in_quotes(std::string_view text) {
  const bool is_cut = text.size() > kLongestQuote;
  return fmt::format("\"{}{}\"", printable(cut(text, kLongestQuote)), is_cut ? "..." : "");
}

std::string to_string(const Origin& origin) {
  return fmt::format("{}:{}", printable(origin.file), origin.line);
}

std::string at(std::string sentence, const Origin& origin) {
  if (origin.file.empty()) return sentence;
  return fmt::format("{} in {}", sentence, to_string(origin));
}

}  // namespace ccm::config
