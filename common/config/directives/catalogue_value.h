// SPDX-License-Identifier: Apache-2.0
// The value of "catalogue": its name, and what it shows (config/catalogue.h). Pure function; config
// room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

// NAME source=store | NAME source=scm [tag=KEY:VALUE]
// The caller fills in the origin.
Result<CatalogueSpec> parse_catalogue(const std::vector<std::string>& arguments);

}  // namespace ccm::config
