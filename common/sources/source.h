// SPDX-License-Identifier: Apache-2.0
// Where certificates come from. The interface hides the difference between the kinds: SCM has
// certificates that may be unchanged or still in review, PCA signs ours. source_drivers.h has the
// table of kinds.
//
// Implementations are thread-safe: several certificates are obtained side by side.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"
#include "policy/gate.h"
#include "store/store.h"

namespace ccm::sources {

struct ObtainRequest {
  const config::CertificateSpec& spec;
  const store::StoredCertificate* current;  // nullptr: none yet
  bool is_due;  // false: only look whether the cloud has something better or has revoked ours
  const store::Lease& lease;
  Time now;
  bool is_wanted = false;  // an operator waits: do not use remembered lists
  // Called when the service says that the current one was revoked, with the service's name.
  std::function<void(std::string_view)> on_revoked = {};

  // Returns the answer, and calls on_revoked when it is true.
  bool is_revoked(bool answer, std::string_view service) const {
    if (answer && on_revoked) on_revoked(service);
    return answer;
  }
};

// A candidate, not yet through the gate.
struct Obtained {
  crypto::Bundle bundle;
  std::string origin;  // "scm:ID", "pca:ISSUER/ID"
  // It replaces the installed one even if it ends earlier, because the installed one was revoked or
  // came from another source than the configured one.
  bool current_must_go = false;
  // The source's policy prefers it to the installed one although it may end earlier.
  bool may_end_sooner = false;
  // Of this certificate and the installed one, if the source has already asked.
  std::optional<policy::Trust> trust = {};
};
struct Unchanged {};
struct Pending {
  Time retry_at;
  std::string reason;  // "scs…: CHECKING_DOMAIN: …"
};
using Outcome = std::variant<Obtained, Unchanged, Pending>;

// The question for the gate. The source asks it in advance, and the attempt before it installs.
policy::Candidate as_candidate(const ObtainRequest& request, const Obtained& obtained);

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Errors by kind: `rejected` when only a change of settings, credentials or the cloud can help;
  // `invalid` when what arrived is not a usable certificate and key (the next attempt may work).
  virtual Result<Outcome> obtain(const ObtainRequest& request) = 0;
  // Whether the installed one must be replaced in any case, because it was revoked or came from
  // another source. Changes nothing.
  virtual Result<bool> must_go(const ObtainRequest&) { return false; }
  // The candidate is installed: removes what was kept for it (an order and its key).
  virtual Result<void> installed(const ObtainRequest& request) = 0;
  // The gate has refused the candidate: makes sure that the next attempt does not offer the same
  // again for ever.
  virtual Result<void> refused(const ObtainRequest& request) = 0;
  // The store has a certificate of this name, and no configuration takes it from this source.
  // Removes what an order shows to authorities; the order itself continues when a configuration
  // wants it again.
  virtual Result<void> left(const std::string& name, const store::Lease& lease) {
    static_cast<void>(name);
    static_cast<void>(lease);
    return {};
  }
};

}  // namespace ccm::sources
