// SPDX-License-Identifier: Apache-2.0
#include "base/condition.h"

#include <cstddef>

namespace ccm {

std::string_view word_of(Condition condition) noexcept {
  static constexpr std::array<std::string_view, 12> kWords = {
      "expired", "missing", "not served", "damaged", "failing", "refused",
      "waiting", "unknown", "held",       "valid",   "unused",  "forgotten"};
  static_assert(static_cast<std::size_t>(Condition::forgotten) + 1 == kWords.size());
  return kWords[static_cast<std::size_t>(condition)];
}

}  // namespace ccm
