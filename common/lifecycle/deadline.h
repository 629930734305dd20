// SPDX-License-Identifier: Apache-2.0
// What the installed certificate asks of the schedule (schedule.h).
//
// Free functions; any thread that may read the store.
#pragma once

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
Deadline deadline_of(const store::Store& store, const config::CertificateSpec& spec,
                     const crypto::Bundle& bundle, const store::VersionInfo& info);

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

}  // namespace ccm::lifecycle
