// SPDX-License-Identifier: Apache-2.0
// The search behind chain.h. Used inside the crypto room only; pure.
#pragma once

#include <optional>
#include <vector>

#include "crypto/chain.h"

namespace ccm::crypto {

// The best ways from `leaf` up, in the order of arrival; never empty. Several only when all of them
// are live and nothing tells which is better. `leaf` may be among `others`. The search is bounded:
// hostile heaps, in which everybody certified everybody, cost no more than 32 ways.
std::vector<Path> best_paths(const Certificate& leaf, const std::vector<Certificate>& others,
                             std::optional<Time> now);

}  // namespace ccm::crypto
