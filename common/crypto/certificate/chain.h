// SPDX-License-Identifier: Apache-2.0
// Which of the delivered certificates are served, and in which order. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// How the path ends. Only a delivery with its root can tell.
enum class PathEnd : std::uint8_t {
  rooted,      // a root was delivered that issued a certificate of the path
  open,        // no root was delivered (always so for a stored bundle)
  mismatched,  // roots were delivered, and none of them issued a certificate of the path
};

// Java's clients refuse a longer chain, and no other client needs one.
inline constexpr std::size_t kMostServedCertificates = 10;

// A way from the leaf up, each certificate followed by its issuer.
struct Path {
  std::vector<Certificate> certificates;  // leaf first; no self-signed one except a leaf
  std::optional<Certificate> root;  // the self-signed authority that was delivered and ends it
  // Further issuers were delivered that a client cannot use: they have expired, are not valid yet,
  // or are signed with a broken algorithm. A client that trusts one of them through another
  // certificate (a cross-signed root) does not need them.
  bool is_cut = false;
  bool is_live = false;  // a client that trusts what is above the path accepts it at `now`
  // When the first of its certificates ends.
  Time end() const noexcept;
};

// The path that a client would take from `leaf` through `others` at `now`. A live path is
// preferred: first one that ends at a delivered root, then one that is not cut, then the first in
// the order of delivery. When no path is live, one that shows what is wrong. nullopt for `now`:
// dates do not matter.
Path find_path(const Certificate& leaf, const std::vector<Certificate>& others,
               std::optional<Time> now);

struct Ordered {
  std::vector<Certificate> chain;
  Path path;                         // the first of those that the chain serves
  std::vector<Certificate> dropped;  // what arrived and is in no served path, without duplicates
};

// Puts certificates into serving order: the leaf, then each issuing authority in turn. The leaf is
// the certificate that `key` fits when a key is given (of several, the one that ends last),
// otherwise the only one that issued none of the others. The chain holds the path that find_path()
// prefers; when nothing tells which of several is the clients' (the same authority, certified by
// two others), it holds all of them, in the order of arrival. Roots and what serves no such path
// are dropped; the root right above the leaf stays when the leaf has an OCSP responder, because its
// answers are judged with it. `rejected` when there is no leaf, or there are more than 256
// certificates. A path with a missing intermediate is returned as far as it goes: whether that is
// acceptable is the gate's decision.
Result<Ordered> order(std::vector<Certificate> certificates, const KeyPair* key,
                      std::optional<Time> now);

// Only the chain; dates do not matter.
Result<std::vector<Certificate>> order_chain(std::vector<Certificate> certificates,
                                             const KeyPair* key);

}  // namespace ccm::crypto
