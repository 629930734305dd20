// SPDX-License-Identifier: Apache-2.0
// A certificate whose own entry of the store has nothing that fits its names today gets what is
// stored by another name and does: when names are swapped, added in front or move to another block,
// a server goes on showing what it showed (server/bootstrap.h), and the engine must know that, or
// it would count the certificate as missing. The copy keeps the origin, so it is renewed when it is
// due and no sooner; one from another source than the configured one serves until the right one is
// there. Nothing that fits is replaced.
//
// Used once by the agent that has become the leader, before it makes any attempt.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "store/store.h"

namespace ccm::lifecycle {

struct Adoption {
  store::Store& store;
  const store::Lease& lease;
  Log& log;
  Time now;
  Events& events = no_events();
};

// Looks at these certificates; what cannot be stored is logged and left to the attempts.
void adopt_stored(const Adoption& adoption,
                  const std::vector<const config::CertificateSpec*>& certificates);

}  // namespace ccm::lifecycle
