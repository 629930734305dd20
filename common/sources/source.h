// SPDX-License-Identifier: Apache-2.0
// Where certificates come from. The interface hides the real asymmetry: SCM hands over a
// certificate that may be unchanged or still in review, PCA signs ours. Which kinds there are is in
// source_drivers.h.
//
// Implementations are thread-safe: several certificates are obtained side by side.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"
#include "policy/gate.h"
#include "store/store.h"

namespace ccm::sources {

struct ObtainRequest {
  const config::CertificateSpec& spec;
  const store::StoredCertificate* current;  // nullptr: none yet
  bool is_due;  // false: only look whether the cloud has something better or has revoked ours
  const store::Lease& lease;
  Time now;
  bool is_wanted = false;  // an operator waits for it: what was remembered a moment ago is too old
};

// A candidate, not yet through the gate.
struct Obtained {
  crypto::Bundle bundle;
  std::string origin;  // "scm:ID", "pca:ISSUER/ID"
  // The installed one goes even for one that ends earlier: it was revoked, or it came from a source
  // that is no longer the configured one.
  bool current_must_go = false;
  // The source's policy puts it before the installed one although it may end earlier.
  bool may_end_sooner = false;
};
struct Unchanged {};
struct Pending {
  Time retry_at;
  std::string reason;  // "scs…: CHECKING_DOMAIN: …"
};
using Outcome = std::variant<Obtained, Unchanged, Pending>;

// As the gate is asked about it, by the source beforehand and by the attempt before it installs.
policy::Candidate as_candidate(const ObtainRequest& request, const Obtained& obtained);

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Errors by kind: `rejected` when only a change of settings, credentials or cloud can help,
  // `invalid` when what arrived is no usable certificate and key (it may be next time).
  virtual Result<Outcome> obtain(const ObtainRequest& request) = 0;
  // Whether the installed one goes in any case, as it was revoked, or came from another source.
  // Changes nothing.
  virtual Result<bool> must_go(const ObtainRequest&) { return false; }
  // The candidate is stored: what was remembered for it (an order and its key) can go.
  virtual Result<void> installed(const ObtainRequest& request) = 0;
  // The candidate was refused by the gate: it must not come back unchanged for ever.
  virtual Result<void> refused(const ObtainRequest& request) = 0;
  // The store has a certificate of this name, and no configuration says (any more) that it comes
  // from this source. What an order shows to authorities is taken away; the order itself goes on
  // when the configuration has it again.
  virtual Result<void> left(const std::string& name, const store::Lease& lease) {
    static_cast<void>(name);
    static_cast<void>(lease);
    return {};
  }
};

}  // namespace ccm::sources
