// SPDX-License-Identifier: Apache-2.0
// The value of the directive `source`: which service a certificate comes from, and the parameters
// of that service. Pure function; config room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

// "scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] [trust=keep|system|any|PATH]" or "pca
// issuer=ID", in words, at least one. For PCA only the issuer is filled in.
Result<SourceSpec> parse_source(const std::vector<std::string>& arguments);

}  // namespace ccm::config
