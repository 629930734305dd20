// SPDX-License-Identifier: Apache-2.0
// Finds which of many certificates may cover some server names, without looking at each of them.
// One thread.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ccm::crypto {

class NameIndex {
 public:
  // `names` of the certificate with this number, as they are in the certificate (names.h).
  void add(const std::vector<std::string>& names, std::size_t number);
  // The numbers of all that cover at least one of the names.
  std::set<std::size_t> covering_any(const std::vector<std::string>& names) const;

 private:
  std::multimap<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace ccm::crypto
