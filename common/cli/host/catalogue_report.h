// SPDX-License-Identifier: Apache-2.0
// How far the leader has got with an account's catalogue, in a sentence
// (store/catalogue_membership.h).
#pragma once

#include <string>

#include "store/catalogue_membership.h"

namespace ccm::cli {

// "400 certificates, all of them stored here".
std::string describe(const store::SelectionReport& report);

}  // namespace ccm::cli
