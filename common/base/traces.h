// SPDX-License-Identifier: Apache-2.0
// Numbers that change when something stored of a certificate changes, so that nobody has to read it
// (store/store_reader.h says what they are). A plain value.
#pragma once

#include <cstdint>

namespace ccm {

struct Traces {
  std::uint64_t version = 0;   // 0: there is none
  std::uint64_t stamp = 0;     // of the version
  std::uint64_t response = 0;  // of its OCSP response; 0: none

  friend bool operator==(const Traces&, const Traces&) = default;
};

}  // namespace ccm
