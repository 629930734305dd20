// SPDX-License-Identifier: Apache-2.0
// Where the authority looks: the addresses that stand for each name's ports 80 and 443, and the DNS
// server it asks. Set by the admin side, kept in the store. Called under World's lock.
#pragma once

#include <string>
#include <vector>

#include "json.h"

namespace emulator {

struct World;

// {"http": {NAME: ADDRESS or [ADDRESS...]}, "https": {...}, "dns": ADDRESS}; NAME "*" stands for
// every name that has no entry. A sentence when something is wrong; empty when it is kept. What the
// document leaves out stays as it was.
std::string set_proof_places(World& world, const json& places);
void reset_proof_places(World& world);
json proof_places(const World& world);

std::vector<std::string> places_of(const World& world, const char* scheme, const std::string& name);

}  // namespace emulator
