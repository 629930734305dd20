// SPDX-License-Identifier: Apache-2.0
// Renewal without a call, as SCM does it: some time before the end the service applies for a new
// certificate with the data of the first application. Called under World's lock.
#pragma once

#include "json.h"

namespace emulator {

struct World;

// A successor of an issued certificate, applied for and stored, linked in both directions.
json apply_for_successor(World& world, json old);
// Does that for every certificate whose time has come by the option `renew_before_s`.
void apply_for_successors(World& world);

}  // namespace emulator
