// SPDX-License-Identifier: Apache-2.0
// When the installed certificate is due and when it ends (policy/schedule.h).
//
// Free functions; any thread that may read the store.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"
#include "policy/schedule.h"
#include "store/store.h"

namespace ccm::lifecycle {

struct Deadline {
  Time due;  // when to obtain a successor, or when a hold ends
  Time end;  // when clients stop accepting it
};
Deadline deadline_of(const store::StoreReader& store, const config::CertificateSpec& spec,
                     const crypto::Bundle& bundle, const store::VersionInfo& info);

// The same for the newest intact version in the store, also one that waits for its window
// (activation.h); nullopt when there is none or the current version is damaged.
std::optional<Deadline> stored_deadline(const store::StoreReader& store,
                                        const config::CertificateSpec& spec, Time now);

// When to renew the certificate. A configured validity that is shorter than the certificate's
// lifetime counts as its lifetime: otherwise a successor could end before the certificate that it
// replaces. An authority that grants less than the configured validity does not make renewals more
// frequent (policy::paced_renewal).
Time renewal_of(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                const store::VersionInfo& info);

// What another attempt would cost after this error.
policy::Look next_look_after(const Error& error, const config::CertificateSpec& spec);
// Whether the next attempt issues a new certificate: the gate or a parser refused the last one, and
// it cannot be fetched again.
bool costs_a_certificate(const Error& error, const config::CertificateSpec& spec);

// When little of the lifetime is left: in the last tenth, or in the last three days if those are
// more, but never in more than the last quarter. A hold ends then.
Time urgent_from(const store::VersionInfo& info) noexcept;

// How long a successor may wait before it is shown: until equally little time is left before the
// first certificate of the chain ends that a client needs.
Time latest_activation(const crypto::Bundle& bundle, const store::VersionInfo& info);

}  // namespace ccm::lifecycle
