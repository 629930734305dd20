// SPDX-License-Identifier: Apache-2.0
// What a server shows from its first moment: a publication segment, filled from the store without
// network and without the agent. Called once per accepted configuration by the server's master or
// parent, which may read the store.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "publication/writer.h"
#include "store/store_reader.h"

namespace ccm::server {

struct BootstrapRequest {
  const config::Config& config;
  const store::StoreReader& store;
  int segment;  // the publication memfd of the previous configuration, borrowed; -1: none
  Time now;
  // Why the store must not be trusted (store/kinds.h); then it is not read.
  std::optional<Error> distrust = {};
};

// Fills one slot for each certificate of the configuration with the first of these that there is:
// what the store holds for it, if it passes the gate's rules about a certificate by itself
// (store/stored_search.h); when that is damaged or gone, what the previous configuration showed, if
// it still fits; then, with an error, the copy in the leader's snapshot; with a warning, what is
// stored or was shown under any other name and fits; what comes closest; a placeholder, or nothing
// with `fallback off`. An entry of the leader's snapshot replaces a look into the store while it is
// up to date (shortcuts.h). A name that had a certificate and gets none is an error in the log. A
// damaged entry costs only its own certificate.
//
// The catalogues are filled with everything in the store (catalogue_start.h).
//
// The new segment keeps the previous segment's files for authorities.
//
// The previous segment stays in use when it has the same certificates and catalogues and none of
// its values must be removed. Otherwise a new segment is made, and processes that mapped the
// previous one keep it. Waits up to two seconds for the previous agent to end. Fails when there is
// no memory for a segment.
Result<publication::Writer> bootstrap(const BootstrapRequest& request, Log& log);

}  // namespace ccm::server
