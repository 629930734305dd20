// SPDX-License-Identifier: Apache-2.0
// The JSON type of the emulator. std::map keeps keys sorted, so documents and answers are
// reproducible.
#pragma once

#include <nlohmann/json.hpp>

namespace emulator {

using nlohmann::json;

// Whether a member that is a text is empty.
inline bool is_blank(const json& document, const char* member) {
  return document.at(member).get_ref<const json::string_t&>().empty();
}

}  // namespace emulator
