// SPDX-License-Identifier: Apache-2.0
// Adopts stored certificates. A certificate whose own entry in the store holds nothing that fits
// its names gets a copy of a certificate that fits and is stored under another name. This happens
// when an operator swaps names, adds one in front or moves one to another block: the server keeps
// showing the old certificate (server/start/bootstrap.h), and without the copy the engine would
// count the certificate as missing. The copy keeps the origin, so it is renewed when it is due and
// no sooner. A copy from another source than the configured one serves until the configured source
// has delivered. Adoption never replaces a certificate that fits.
//
// An agent that becomes the leader uses it once, before the first attempt.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/attempt/last_copy.h"
#include "store/store.h"

namespace ccm::lifecycle {

struct Adoption {
  store::Store& store;
  const store::Lease& lease;
  Log& log;
  Time now;
  Events& events = no_events();
  // A certificate that has a good last copy is left alone, because its attempt puts that copy back.
  LastCopyOf last_copy_of = {};
};

// Looks at these certificates. Logs what it cannot store; the attempts try again later.
void adopt_stored(const Adoption& adoption,
                  const std::vector<const config::CertificateSpec*>& certificates);

}  // namespace ccm::lifecycle
