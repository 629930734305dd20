// The gate before every swap: a good certificate is never replaced by a worse one. Pure; the only
// way into the store.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"

namespace ccm::lifecycle {

struct Candidate {
  const config::CertificateSpec& spec;
  const crypto::Bundle* current;  // nullptr: none, or it must go whatever comes
  const crypto::Bundle& bundle;
  // An operator asked for this one by name: it may end when the installed one does, only not
  // before.
  bool is_wanted = false;
  // The source prefers it to the installed one for another reason than its end.
  bool may_end_sooner = false;
};

// Rules, in this order, each refusal a `rejected` sentence that names the rule in its first words:
// key match, names, not before, not after, chain (order, signatures, every issuer a CA within its
// dates, and no gap: a leaf alone only when its root came along), key strength (RSA >= 2048, ECDSA
// P-256 or P-384), key type as asked for, signature strength, server authentication, later end than
// what is installed (not sooner is enough for what an operator wants; waived for what may end
// sooner and when the installed one would itself not pass).
//
// A refusal that carries retry_after is only a matter of time (not before).
Result<void> admit(const Candidate& candidate, Time now);

// Whether what is installed would still be let in: all rules but the last one, and without asking
// for the root, which no store keeps.
Result<void> check_installed(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                             Time now);

}  // namespace ccm::lifecycle
