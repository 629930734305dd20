// SPDX-License-Identifier: Apache-2.0
// One GET of a validation file, as an authority makes it: the name in Host and SNI, whatever
// certificate is there, no redirect followed. Any thread.
#pragma once

#include "ca/proof_search.h"

namespace emulator {

// `scheme` is http or https; `address` is ADDRESS:PORT.
Sight fetch_file(const ProofWish& wish, const std::string& scheme, const std::string& address);

}  // namespace emulator
