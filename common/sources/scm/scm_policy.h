// SPDX-License-Identifier: Apache-2.0
// Whose certificates `source scm` may take: SCM holds what the service issued beside what anybody
// with the right to import has uploaded, of whatever authority. Free function; reads the files that
// the policy names. Any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"

namespace ccm::sources {

// Whether the bundle is of one of the named issuers and of an authority that is trusted as the
// source wants it. What depends on the installed certificate (TrustPolicy::keep) is the gate's rule
// "trust". `rejected` with a sentence that begins with "issuer" or "trust", `invalid` when the file
// of trust= cannot be used. `source`: of the kind scm.
Result<void> check_policy(const config::SourceSpec& source, const crypto::Bundle& bundle, Time now);

}  // namespace ccm::sources
