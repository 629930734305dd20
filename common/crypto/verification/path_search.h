// SPDX-License-Identifier: Apache-2.0
// The search behind chain.h. Used inside the crypto room only; pure.
#pragma once

#include <optional>
#include <vector>

#include "crypto/certificate/chain.h"

namespace ccm::crypto {

using Certificates = std::vector<Certificate>;

// Compares byte by byte.
inline bool is_same(const Certificate& a, const Certificate& b) noexcept {
  return X509_cmp(a.native(), b.native()) == 0;
}

// The best paths from `leaf` up, in the order of delivery; never empty. Several only when all of
// them are live and nothing tells which is better. `leaf` may be among `others`. The search is
// bounded: hostile input, in which every certificate certifies every other, costs no more than 32
// paths.
std::vector<Path> best_paths(const Certificate& leaf, const Certificates& others,
                             std::optional<Time> now);

}  // namespace ccm::crypto
