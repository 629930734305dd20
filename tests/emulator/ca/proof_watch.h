// SPDX-License-Identifier: Apache-2.0
// The authority at work: a thread that looks for the proofs of open orders, every
// `proof_every_ms` (option), and lets time pass for orders and for certificates that are due for
// renewal. It holds World's lock except while it is on the network.
#pragma once

namespace emulator {

struct World;

// Starts the thread, which runs until the process ends.
void watch_orders(World& world);

}  // namespace emulator
