// SPDX-License-Identifier: Apache-2.0
// The proofs of an order: the validation records that it asks for, how the API shows them, where
// they are looked for, and the verdict on what was seen. Called under World's lock.
#pragma once

#include <vector>

#include "ca/proof_search.h"
#include "json.h"

namespace emulator {

struct World;

// Fresh values for every name of the order, [{domain, record_name, record_type, record_value,
// expected, file}]; `expected` differs from what is shown when the plan wants a wrong value.
json new_proofs(World& world, const json& order);
// As ShowCertificate shows them.
json proof_views(const json& order);
// One for each proof, in the same order.
std::vector<ProofWish> proof_wishes(const World& world, const json& order);
// [{domain, proven, seen}]: a file has to be right at every address of one port, a record has to be
// there without any that an earlier application asked for.
json judge_sights(const World& world, const json& order, const std::vector<Sights>& sights);

}  // namespace emulator
