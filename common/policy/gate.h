// SPDX-License-Identifier: Apache-2.0
// The gate before every swap: a good certificate is never replaced by a worse one. Pure, except
// trust_of(). Everything that enters the store passes the gate.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"
#include "policy/admission.h"

namespace ccm::policy {

// Whether a client on this system would trust the chains.
struct Trust {
  bool installed;
  bool candidate;
};

// Checks with the system's roots (crypto::is_trusted_by_system), which it reads from files. nullopt
// when nothing is installed.
std::optional<Trust> trust_of(const crypto::Bundle* current, const crypto::Bundle& candidate,
                              Time now);

struct Candidate {
  const config::CertificateSpec& spec;
  const crypto::Bundle* current;  // nullptr: none, or it must be replaced in any case
  const crypto::Bundle& bundle;
  // An operator asked for this certificate. Then it may end at the same time as the installed one;
  // it may end earlier only if the system trusts it and does not trust the installed one.
  bool is_wanted = false;
  // The source prefers it to the installed one for a reason other than its end.
  bool may_end_sooner = false;
  // nullopt: it does not matter.
  std::optional<Trust> trust = std::nullopt;
  // Why the source's policy refuses it (sources/source_drivers.h), in the form of the gate's
  // refusals.
  std::optional<Error> objection = std::nullopt;
};

// The most DER bytes of a chain. Java's clients accept a message of 32 KiB, which in TLS 1.3 also
// contains the OCSP response.
inline constexpr std::size_t kMostServedBytes = std::size_t{28} << 10U;
static_assert(kMostServedBytes < crypto::kMostPublishedBytes);

// Rules, in this order, each refusal a `rejected` sentence that names the rule in its first words:
// those about the bundle by itself (crypto/verification/serving_rules.h), size, the source's policy
// (issuer, trust), trust (nothing that the system trusts is replaced by something that it does not,
// unless the source allows it), later end than what is installed (not sooner is enough for what an
// operator wants; waived for what may end sooner). The last two are waived when the installed one
// would itself not pass.
//
// The end of a certificate is that of the first certificate of its path to end.
//
// A refusal that carries retry_after is only a matter of time (not before).
Result<Admission> admit(const Candidate& candidate, Time now);

// Whether the gate would still let in what is installed: all rules except the last four. The root
// is not required, because no store keeps it.
Result<void> check_installed(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                             Time now);

// Lets in what is stored under any name, for a certificate that has nothing usable: the rules of
// check_installed() without the type of key, because a wrong type is better than no certificate.
Result<Admission> admit_stored(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                               Time now);

// Lets in an earlier version of the same name again: an operator goes back to it, or no other is
// intact. No rule is checked again: it may have expired, but it was served before.
Admission readmit(const std::string& name, const crypto::Bundle& bundle);

}  // namespace ccm::policy
