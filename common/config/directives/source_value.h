// SPDX-License-Identifier: Apache-2.0
// The value of the directive `source`: which service a certificate comes from, and the parameters
// of that service. Pure function; config room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

// The word of a kind (config/source_kinds.h) and the parameters that it takes; at least one word.
Result<SourceSpec> parse_source(const std::vector<std::string>& arguments);

}  // namespace ccm::config
