// SPDX-License-Identifier: Apache-2.0
#include "store/entry_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace ccm::store {
namespace {

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Result<void> check_entry_name(std::string_view name) {
  if (!name.empty() && name.size() <= kMaxEntryName && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), is_name_character)) {
    return {};
  }
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" cannot name a store entry: 1 to {} of A-Z a-z 0-9 . _ - not "
                          "starting with a dot are needed",
                          printable(name.substr(0, kMaxEntryName)), kMaxEntryName));
}

}  // namespace ccm::store
