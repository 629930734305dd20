// SPDX-License-Identifier: Apache-2.0
// The name server of the emulated zones: UDP and TCP on one port of 127.0.0.1, which the store
// keeps for the next start. Its threads run until the process ends and take World's lock for each
// question.
#pragma once

#include <string>

namespace emulator {

struct World;

// Binds both sockets and enters the address into World. Throws std::runtime_error with a sentence.
void serve_dns(World& world);

}  // namespace emulator
