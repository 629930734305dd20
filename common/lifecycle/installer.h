// SPDX-License-Identifier: Apache-2.0
// The only way into the store: a candidate, the gate, the hooks that may say no, then the store.
// Renewals, imports, rollbacks and what is taken over from another name all come through here, so a
// rule about what may be installed has one place: between the gate and the store.
//
// For whoever holds the store's lease. Borrows both; cheap to make; as thread-safe as the store.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/event.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"
#include "policy/gate.h"
#include "store/store.h"
#include "store/stored_search.h"

namespace ccm::lifecycle {

// What would keep a certificate out that the operator brings along, judged by what is installed:
// the gate's sentence.
Result<policy::Admission> judge_import(const config::CertificateSpec& spec,
                                       const store::StoreReader::Loaded& installed,
                                       const crypto::Bundle& bundle, Time now);

class Installer {
 public:
  Installer(store::Store& store, const store::Lease& lease, Events& events = no_events())
      : store_(store), lease_(lease), events_(events) {}

  // Asks the gate. The refusals are the gate's.
  Result<policy::Admission> admit(const policy::Candidate& candidate, Time now) const;
  // Stores what was let in, unless a hook of "installing" says no; what has to wait is staged
  // (store/staging.h). The errors are the hooks' and the store's. Waits for the hooks.
  Result<store::VersionInfo> install(const policy::Admission& admission,
                                     const store::Installation& installation) const;

  // Judges and installs what the operator brings along, bought elsewhere or moved from another
  // program. The engine leaves it alone until its renewal is due (attempt.h).
  Result<store::VersionInfo> import(const config::CertificateSpec& spec,
                                    const crypto::Bundle& bundle, Time now) const;

  // Makes an older version current and holds on to it (hold.h): the engine does not replace it
  // before its last tenth, or until somebody asks for a renewal. `rejected` when there is no such
  // version.
  Result<void> roll_back(const std::string& name, store::VersionNumber version) const;

  // Ends the canary of a version: it is not shown any more, and what is current is held (hold.h).
  Result<void> take_back(const std::string& name, store::VersionNumber current,
                         const store::StoredCertificate& candidate,
                         const std::string& reason) const;

  // Makes the version current that has waited for its window.
  Result<void> show(const std::string& name, const store::StoredCertificate& staged) const;

  // Makes the version current again that load() has found intact in place of a damaged one.
  Result<void> mend(const std::string& name, const store::StoredCertificate& intact) const;

  // Takes over what is stored by another name, or an older version, for a certificate that has
  // nothing usable. `expected` as for store::Installation.
  Result<store::VersionInfo> adopt(const config::CertificateSpec& spec,
                                   const store::StoredSearch::Found& found,
                                   store::VersionNumber expected, Time now) const;

 private:
  // Without asking anybody.
  Result<store::VersionInfo> put(const policy::Admission& admission,
                                 const store::Installation& installation) const;

  store::Store& store_;
  const store::Lease& lease_;
  Events& events_;
};

}  // namespace ccm::lifecycle
