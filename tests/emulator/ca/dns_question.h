// SPDX-License-Identifier: Apache-2.0
// One question to one DNS server, as an authority asks it for a validation record. Any thread.
#pragma once

#include "ca/proof_search.h"

namespace emulator {

Sight ask_dns(const ProofWish& wish);

}  // namespace emulator
