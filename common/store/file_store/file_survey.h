// SPDX-License-Identifier: Apache-2.0
// Examines a state directory: modes, owners, left-overs. Any process that may read it.
#pragma once

#include <string>

#include "base/clock.h"
#include "store/survey.h"

namespace ccm::store {

Survey survey_files(const std::string& state_path, Time now);

}  // namespace ccm::store
