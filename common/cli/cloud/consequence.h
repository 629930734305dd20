// SPDX-License-Identifier: Apache-2.0
// Which operations of the services destroy something or cost money. A person is asked before such a
// call, and a script says --yes. One thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cloud/api/catalogue.h"
#include "cloud/api/request_builder.h"

namespace ccm::cli {

// Whether some calls of the operation need an agreement. Pure.
bool may_have_consequence(const cloud::Operation& operation) noexcept;
// What this call is about to do: "delete the certificate from SCM, which cannot be undone". Empty
// when nobody needs to be asked. Pure.
std::string_view consequence_of(const cloud::Operation& operation,
                                const cloud::Arguments& arguments);

// Asks on the terminal whether to make the call, if it has a consequence. False, and said, when the
// answer is no. `invalid`, with the advice to give --yes, when there is no terminal.
Result<bool> agree_to(const cloud::Operation& operation, const cloud::Arguments& arguments);

}  // namespace ccm::cli
