// SPDX-License-Identifier: Apache-2.0
#include "config/source_kinds.h"

#include <algorithm>
#include <set>

namespace ccm::config {
const SourceKind* find_source_kind(std::string_view word) noexcept {
  const auto kinds = source_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [word](const SourceKind* kind) { return kind->word == word; });
  return found == kinds.end() ? nullptr : *found;
}

const SourceKind* kind_of_origin(std::string_view origin) noexcept {
  const std::size_t colon = origin.find(':');
  return colon == origin.npos ? nullptr : find_source_kind(origin.substr(0, colon));
}

std::vector<std::string_view> source_parameters() {
  std::set<std::string_view> parameters;
  for (const SourceKind* kind : source_kinds()) {
    parameters.insert(kind->parameters.begin(), kind->parameters.end());
  }
  return {parameters.begin(), parameters.end()};
}

std::string either_source(std::string (*text)(const SourceKind& kind)) {
  std::string all;
  const auto kinds = source_kinds();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) all += i + 1 == kinds.size() ? " or " : ", ";
    all += text(*kinds[i]);
  }
  return all;
}

}  // namespace ccm::config
