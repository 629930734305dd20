// SPDX-License-Identifier: Apache-2.0
// How the authority treats an order: what it shows when, where it looks, how it misbehaves. A plan
// is a JSON object; every field may be left out. docs/emulator.md lists them. Called under World's
// lock.
#pragma once

#include <cstdint>
#include <string>

#include "json.h"

namespace emulator {

struct World;

// A sentence when a field or its value is wrong; empty when the plan is sound.
std::string check_plan(const json& plan);

// For all orders that are applied for from now on; null brings the standard behaviour back.
void set_standard_plan(World& world, const json& plan);
// For the next application for this certificate, ahead of the standard plan.
void set_certificate_plan(World& world, const std::string& certificate_id, const json& plan);
json plan_for(const World& world, const std::string& certificate_id);

}  // namespace emulator
