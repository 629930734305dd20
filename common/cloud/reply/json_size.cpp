// SPDX-License-Identifier: Apache-2.0
#include "cloud/reply/json_size.h"

#include <fmt/format.h>

namespace ccm::cloud {
namespace {

// Where the string that begins before `at` ends.
std::size_t end_of_string(std::string_view text, std::size_t at) noexcept {
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at;
}

}  // namespace

Result<void> check_json_size(std::string_view text, std::size_t most_values) {
  std::size_t values = 1;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        i = end_of_string(text, i + 1);
        break;
      case '{':
      case '[':
        // One for the list or object itself, or for its first value; commas count the others.
        ++values;
        if (++depth <= kDeepestJson) break;
        return fail(ErrorKind::transient,
                    fmt::format("the answer has more than {} levels of lists and objects in one "
                                "another",
                                kDeepestJson));
      case '}':
      case ']':
        if (depth > 0) --depth;
        break;
      case ',':
        ++values;
        break;
      default:
        break;
    }
    if (values > most_values) {
      return fail(ErrorKind::transient,
                  fmt::format("the answer has more than {} values", most_values));
    }
  }
  return {};
}

}  // namespace ccm::cloud
