// SPDX-License-Identifier: Apache-2.0
// What every client in use requires: the gate's rules about a bundle by itself. They are checked
// before anything enters the store (policy/gate.h), and again before a stored certificate is shown
// (store/stored_search.h). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate/bundle.h"
#include "crypto/certificate/chain.h"
#include "crypto/key/key_type.h"

namespace ccm::crypto {

// The number of these rules, which grows whenever one becomes stricter. The store keeps it with a
// certificate that has passed; with the same number, only names and dates have to be checked again.
inline constexpr unsigned kServingRules = 3;

// A stored bundle has no root any more.
enum class Arrival : bool { stored, new_one };

struct ServingTerms {
  const std::vector<std::string>& names;  // canonical
  std::optional<KeyType> key = {};        // nullopt: any
  Arrival arrival = Arrival::stored;
  Time now;
};

// The path that a client would use through the bundle at `now`.
Path path_of(const Bundle& bundle, Time now);

// Rules, in this order, each refusal a `rejected` sentence that names the rule in its first words:
// key match, names (subjectAltName only), not before, not after, chain (order, signatures, every
// issuer a CA within its dates, and no gap: a leaf alone only when its root came along), key
// strength (RSA of 2048 to 8192 bits, ECDSA P-256 or P-384; issuers also P-521), key type as asked
// for, signature strength, form (client_rules.h), server authentication (extended and plain key
// usage, no CA), stapling (a leaf that demands it names a responder), clients (OpenSSL's
// verification, client_verdict.h, and path_rules.h). `path` is path_of() the bundle: what else is
// served does not count. A refusal that carries retry_after is only a matter of time (not before).
Result<void> check_serving(const ServingTerms& terms, const Bundle& bundle, const Path& path);

// A refusal by a rule: "RULE: SENTENCE".
Failure refused_by(std::string_view rule, std::string sentence);

// Asks the rules in order, until one refuses.
template <typename... Rules>
Result<void> first_refusal(const Rules&... rules) {
  Result<void> verdict;
  static_cast<void>(((verdict = rules()).has_value() && ...));
  return verdict;
}

}  // namespace ccm::crypto
