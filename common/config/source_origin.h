// SPDX-License-Identifier: Apache-2.0
// How the origin of a certificate begins that a source gave ("scm:ID", "pca:ISSUER/ID"), to tell
// whether what is stored is from where it is configured to come from.
#pragma once

#include <string>

#include "config/config.h"

namespace ccm::config {

std::string origin_prefix(const SourceSpec& source);

}  // namespace ccm::config
