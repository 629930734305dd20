// SPDX-License-Identifier: Apache-2.0
// An Error in a record (base/text.h), as states and answers keep it: error_kind, error_message and
// so on. Pure functions.
#pragma once

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"

namespace ccm::store {

void add_error(Record& record, const Error& error);
// `invalid` when the record holds no whole error.
Result<Error> read_error(const Record& record);

}  // namespace ccm::store
