// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/name_index.h"

#include <string_view>

#include "crypto/certificate/names.h"

namespace ccm::crypto {
namespace {

// The wildcard that covers the name; empty when none does.
std::string wildcard_for(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || is_wildcard(name) || is_ip_address(name)) return {};
  std::string wildcard = "*" + name.substr(dot);
  return covers(wildcard, name) ? wildcard : std::string();
}

}  // namespace

void NameIndex::add(const std::vector<std::string>& names, std::size_t number) {
  for (const std::string& name : names) by_name_.emplace(name, number);
}

std::set<std::size_t> NameIndex::covering_any(const std::vector<std::string>& names) const {
  std::set<std::size_t> numbers;
  for (const std::string& name : names) {
    for (const std::string& key : {name, wildcard_for(name)}) {
      const auto [first, last] = by_name_.equal_range(key);
      for (auto each = first; each != last; ++each) numbers.insert(each->second);
    }
  }
  return numbers;
}

}  // namespace ccm::crypto
