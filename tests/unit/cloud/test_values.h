// SPDX-License-Identifier: Apache-2.0
// Values and small readers that several tests of this folder share.
#pragma once

#include <jansson.h>

#include <string>

#include "base/clock.h"
#include "base/handle.h"

namespace ccm::cloud {

inline constexpr Time kNow{Seconds(1778438520)};
inline const std::string kToken(40, 'T');

using Json = Handle<json_t, json_decref>;

// Empty when there is no such text.
inline std::string text_in(const json_t* object, const char* key) {
  const char* found = json_string_value(json_object_get(object, key));
  return found == nullptr ? "" : found;
}

}  // namespace ccm::cloud
