// SPDX-License-Identifier: Apache-2.0
#include "config/directives/source_value.h"

#include <fmt/format.h>

#include <span>

#include "base/sentences.h"
#include "base/text.h"
#include "config/source_kinds.h"
#include "config/values/value_words.h"

namespace ccm::config {

Result<SourceSpec> parse_source(const std::vector<std::string>& arguments) {
  const SourceKind* kind = find_source_kind(arguments[0]);
  if (kind != nullptr) return kind->parse(std::span(arguments).subspan(1));
  const std::string forms =
      either_source([](const SourceKind& each) { return std::string(each.form); });
  return wrong(arguments[0], fmt::format("is not a source; write {}", forms));
}

}  // namespace ccm::config
