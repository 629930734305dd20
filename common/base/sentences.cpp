// SPDX-License-Identifier: Apache-2.0
#include "base/sentences.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/edit_distance.h"

namespace ccm {
namespace {

constexpr std::size_t kLongestWord = 64;

}  // namespace

std::string enumerated(const std::vector<std::string>& words, std::size_t limit) {
  const std::size_t shown = std::min(words.size(), limit);
  std::string text = fmt::format(
      "{}", fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < words.size()) text += fmt::format(" and {} more", words.size() - shown);
  return text;
}

std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  if (word.size() > kLongestWord) return best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (const std::string_view candidate : candidates) {
    const std::size_t candidate_distance = edit_distance(word, candidate);
    if (candidate_distance < best_distance) {
      best = candidate;
      best_distance = candidate_distance;
    }
  }
  return best;
}

}  // namespace ccm
