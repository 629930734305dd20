// SPDX-License-Identifier: Apache-2.0
// The gate before every swap: a good certificate is never replaced by a worse one. Pure, but for
// trust_of(). What comes from outside gets into the store through it only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"
#include "policy/admission.h"

namespace ccm::policy {

// Whether a client on this system would trust the chains.
struct Trust {
  bool installed;
  bool candidate;
};

// Asks the system's roots (crypto::is_trusted_by_system). nullopt when nothing is installed. Reads
// files.
std::optional<Trust> trust_of(const crypto::Bundle* current, const crypto::Bundle& candidate,
                              Time now);

struct Candidate {
  const config::CertificateSpec& spec;
  const crypto::Bundle* current;  // nullptr: none, or it must go whatever comes
  const crypto::Bundle& bundle;
  // An operator asked for this one by name: it may end when the installed one does, only not
  // before; and before it, when the system trusts this one and not the installed one.
  bool is_wanted = false;
  // The source prefers it to the installed one for another reason than its end.
  bool may_end_sooner = false;
  // nullopt: it does not matter.
  std::optional<Trust> trust = std::nullopt;
  // What the policy of the source has against it (scm_policy.h), a refusal in the gate's form.
  std::optional<Error> objection = std::nullopt;
};

// The DER bytes of a chain that may be installed. Java's clients take a message of 32 KiB, and the
// OCSP response is in it with TLS 1.3.
inline constexpr std::size_t kMostServedBytes = std::size_t{28} << 10U;
static_assert(kMostServedBytes < crypto::kMostPublishedBytes);

// Rules, in this order, each refusal a `rejected` sentence that names the rule in its first words:
// those about the bundle by itself (crypto/serving_rules.h), size, the source's policy (issuer,
// trust), trust (nothing that the system trusts is replaced by something that it does not, unless
// the source is PCA or says with trust= or uploads=on what it trusts), later end than what is
// installed (not sooner is enough for what an operator wants; waived for what may end sooner). The
// last two are waived when the installed one would itself not pass.
//
// The end of a certificate is that of the first certificate of its path to end.
//
// A refusal that carries retry_after is only a matter of time (not before).
Result<Admission> admit(const Candidate& candidate, Time now);

// Whether what is installed would still be let in: all rules but the last four, and without asking
// for the root, which no store keeps.
Result<void> check_installed(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                             Time now);

// Lets in what is stored by whatever name, for a certificate that has nothing usable: the rules of
// check_installed(), but for the type of key. The wrong one is better than none.
Result<Admission> admit_stored(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                               Time now);

// Lets a version of the same name come back that was let in before: an operator goes back to it, or
// it is all that is intact. No rule is asked again: it may be over by now, and it served before.
Admission readmit(const std::string& name, const crypto::Bundle& bundle);

}  // namespace ccm::policy
