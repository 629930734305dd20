// SPDX-License-Identifier: Apache-2.0
// Which operations of the services destroy something or cost money. A person is asked before such a
// call, and a script says --yes. One thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cloud/api/catalogue.h"
#include "cloud/api/request_builder.h"

namespace ccm::cli {

// Whether a call of the operation may have to be agreed to. Pure.
bool may_have_consequence(const cloud::Operation& operation) noexcept;
// What this call is about to do: "delete the certificate from SCM, which cannot be undone". Empty
// when nobody needs to be asked. Pure.
std::string_view consequence_of(const cloud::Operation& operation,
                                const cloud::Arguments& arguments);

// Asks on the terminal whether to make the call, when it has a consequence; false when the answer
// is no, and that is said. `invalid` where nobody can be asked, with the advice to give --yes.
Result<bool> agree_to(const cloud::Operation& operation, const cloud::Arguments& arguments);

}  // namespace ccm::cli
