// The gate before every swap: a good certificate is never replaced by a worse one. Pure; the only way
// into the store.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"

namespace ccm::lifecycle {

struct Candidate {
  const config::CertificateSpec& spec;
  const crypto::Bundle* current;  // nullptr: none, or it must go whatever comes (revoked)
  const crypto::Bundle& bundle;
};

// Rules, in this order, each refusal a `rejected` sentence that names the rule in its first words:
// key match, names covered, not before, not after, chain (order, signatures, every issuer a CA, at
// least one intermediate or an issuer unless the leaf's issuer is a root), key strength (RSA ≥ 2048,
// ECDSA P-256/P-384), key type as asked for, signature strength, serverAuth, later end than what is
// installed (waived when the installed one would itself not pass).
Result<void> admit(const Candidate& candidate, Time now);

}  // namespace ccm::lifecycle
