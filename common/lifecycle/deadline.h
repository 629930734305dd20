// SPDX-License-Identifier: Apache-2.0
// What the installed certificate asks of the schedule (schedule.h).
//
// Free functions; any thread that may read the store.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "crypto/bundle.h"
#include "policy/schedule.h"
#include "store/store.h"

namespace ccm::lifecycle {

struct Deadline {
  Time due;  // when a successor is to be had, or when a hold ends
  Time end;  // when it can no longer be used
};
Deadline deadline_of(const store::StoreReader& store, const config::CertificateSpec& spec,
                     const crypto::Bundle& bundle, const store::VersionInfo& info);

// Of the newest version that is stored and good, also when it waits for its window
// (activation.h); nullopt when there is none, or when what is current is damaged.
std::optional<Deadline> stored_deadline(const store::StoreReader& store,
                                        const config::CertificateSpec& spec, Time now);

// When it is to be renewed. Where the validity is configured, a certificate counts as no older than
// that, so that shortening the validity does not ask for successors that end sooner, and no
// authority that gives less than that sets the pace of issuance.
Time renewal_of(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                const store::VersionInfo& info);

// What another try would cost after this error.
policy::Look next_look_after(const Error& error, const config::CertificateSpec& spec);
// What was issued for us and the gate or a parser refused is gone, so the next try issues another.
bool costs_a_certificate(const Error& error, const config::CertificateSpec& spec);

// From when on little is left: a tenth of the lifetime, or three days of a certificate that lives
// longer than twelve. A hold ends then.
Time urgent_from(const store::VersionInfo& info) noexcept;

// How long a successor may wait before it is shown: until as little is left, by the end of the
// first certificate that a client needs.
Time latest_activation(const crypto::Bundle& bundle, const store::VersionInfo& info);

}  // namespace ccm::lifecycle
