// SPDX-License-Identifier: Apache-2.0
#include "service/message.h"

#include <algorithm>

#include "text.h"

namespace emulator {

const std::string* Request::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& header) {
    return lower(header.first) == lower(name);
  });
  return found == headers.end() ? nullptr : &found->second;
}

std::string Request::path() const {
  return target.substr(0, target.find('?'));
}

std::string Request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? "" : target.substr(mark + 1);
}

}  // namespace emulator
