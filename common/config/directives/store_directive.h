// SPDX-License-Identifier: Apache-2.0
// Accepts one directive if it is known, allowed here, not a duplicate, and has the right number of
// valid arguments. Pure functions; config room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/dialect.h"
#include "config/directives/table.h"
#include "config/raw_settings.h"

namespace ccm::config {

// The right form of a directive, in the server's spelling.
std::string form_of(const Directive& row, const Dialect& dialect);

// Refuses control characters and excessive lengths.
Result<void> check_texts(const std::vector<std::string>& texts);
// Appends the directive to the others of its block.
Result<void> store_directive(std::vector<RawDirective>& into, RawDirective directive, Scope scope,
                             const Dialect& dialect);

}  // namespace ccm::config
