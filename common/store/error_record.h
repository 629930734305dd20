// SPDX-License-Identifier: Apache-2.0
// An Error as fields of a record (base/text.h): error_kind, error_message and so on. States and
// answers use them. Pure functions.
#pragma once

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"

namespace ccm::store {

void add_error(Record& record, const Error& error);
// `invalid` when a field is missing or wrong.
Result<Error> read_error(const Record& record);

}  // namespace ccm::store
