// SPDX-License-Identifier: Apache-2.0
// Whose certificates `source scm` may take: beside the certificates that the service issued, SCM
// holds those that anybody with the right to import has uploaded, from any authority. Free
// function; reads the files that the policy names. Any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"

namespace ccm::sources {

// Whether one of the named issuers issued the bundle, and its authority is trusted as the source
// demands. The gate's rule "trust" covers what depends on the installed certificate
// (TrustPolicy::keep). `rejected` with a sentence that begins with "issuer" or "trust", `invalid`
// when the file of trust= cannot be used. `source`: of the kind scm.
Result<void> check_policy(const config::SourceSpec& source, const crypto::Bundle& bundle, Time now);

}  // namespace ccm::sources
