// SPDX-License-Identifier: Apache-2.0
// Checks parameters against an operation before anything is sent. Each error is one sentence: which
// parameter, what was given and what is allowed. Secrets are not quoted. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cloud/api/catalogue.h"
#include "cloud/api/json_body.h"

namespace ccm::cloud {

// Checks a text, or the text form of a number or flag, for this parameter (of a list: for one
// element). Returns it as the services spell it: choices are accepted in any case.
Result<std::string> check_value(const Operation& operation, const Parameter& parameter,
                                std::string_view value);
// Checks the whole body: types, limits, unknown and missing fields. Corrects the spelling of
// choices.
Result<void> check_body(const Operation& operation, JsonBody& body);

// "a whole number from 1 to 100", "one of ASC, DESC", "1 to 64 characters": for help and for
// sentences; empty when there is nothing to say.
std::string allowed_values(const Parameter& parameter);
Failure missing_parameter(const Operation& operation, const Parameter& parameter);
Failure unknown_parameter(const Operation& operation, std::string_view name);

}  // namespace ccm::cloud
