// SPDX-License-Identifier: Apache-2.0
// JSON values written as YAML 1.2 in its block style, for people and tools that prefer it. Pure.
#pragma once

#include <string>

#include "cloud/reply/json.h"

namespace ccm::cli {

// Texts stand in double quotes with JSON's escapes, which are YAML's as well (YAML 1.2.2, 1.3), so
// that no text turns into a number or a flag.
std::string as_yaml(const cloud::JsonView& value);

}  // namespace ccm::cli
