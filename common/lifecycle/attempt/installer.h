// SPDX-License-Identifier: Apache-2.0
// The only way into the store: a candidate passes the gate and the hooks that may veto it, then it
// is stored. Renewals, imports, rollbacks and adoptions all use this class, so a rule about what
// may be installed has one place: between the gate and the store.
//
// For whoever holds the store's lease. Borrows both; cheap to make; as thread-safe as the store.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/event.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"
#include "lifecycle/attempt/last_copy.h"
#include "policy/gate.h"
#include "store/store.h"
#include "store/stored_search.h"

namespace ccm::lifecycle {

// Whether the gate lets in a certificate that the operator imports, given what is installed. The
// errors are the gate's.
Result<policy::Admission> judge_import(const config::CertificateSpec& spec,
                                       const store::StoreReader::Loaded& installed,
                                       const crypto::Bundle& bundle, Time now);

class Installer {
 public:
  Installer(store::Store& store, const store::Lease& lease, Events& events = no_events())
      : store_(store), lease_(lease), events_(events) {}

  // Asks the gate. The errors are the gate's.
  Result<policy::Admission> admit(const policy::Candidate& candidate, Time now) const;
  // Stores what the gate has let in, unless a hook of "installing" vetoes it. Stages a version that
  // has to wait (store/staging.h). The errors are the hooks' and the store's. Waits for the hooks.
  Result<store::VersionInfo> install(const policy::Admission& admission,
                                     const store::Installation& installation) const;

  // Judges and installs a certificate that the operator imports, bought elsewhere or moved from
  // another program. The engine does not replace it until its renewal is due (attempt.h).
  Result<store::VersionInfo> import(const config::CertificateSpec& spec,
                                    const crypto::Bundle& bundle, Time now) const;

  // Makes an older version current and holds it (schedule/hold.h): the engine does not replace it
  // until urgent_from() (deadline.h), or until somebody asks for a renewal. `rejected` when there
  // is no such version, or when clients would refuse it: it has ended, or does not cover the names.
  Result<void> roll_back(const std::string& name, store::VersionNumber version,
                         const std::vector<std::string>& names, Time now) const;

  // Ends the canary of a version: it is not shown any more, and what is current is held
  // (schedule/hold.h).
  Result<void> take_back(const std::string& name, store::VersionNumber current,
                         const store::StoredCertificate& candidate,
                         const std::string& reason) const;

  // Makes the version current that has waited for its window.
  Result<void> show(const std::string& name, const store::StoredCertificate& staged) const;

  // Makes an intact older version current, which load() has returned because the current one is
  // damaged.
  Result<void> mend(const std::string& name, const store::StoredCertificate& intact) const;

  // Puts back the last copy of what the store has lost (last_copy.h), as a new version. A hold of
  // it goes on. `rejected` when clients would refuse it by now. `expected` as in
  // store::Installation.
  Result<store::VersionInfo> put_back(const config::CertificateSpec& spec, const LastCopy& copy,
                                      store::VersionNumber expected, Time now) const;

  // Copies what is stored under another name, or in an older version, for a certificate that has
  // nothing usable (adoption.h). `expected` as in store::Installation.
  Result<store::VersionInfo> adopt(const config::CertificateSpec& spec,
                                   const store::StoredSearch::Found& found,
                                   store::VersionNumber expected, Time now) const;

 private:
  // Stores without asking the hooks.
  Result<store::VersionInfo> put(const policy::Admission& admission,
                                 const store::Installation& installation) const;

  store::Store& store_;
  const store::Lease& lease_;
  Events& events_;
};

}  // namespace ccm::lifecycle
