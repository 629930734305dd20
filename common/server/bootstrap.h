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
  // Why the store must not be believed (store/kinds.h): then it is not read.
  std::optional<Error> distrust = {};
};

// One slot per certificate of the configuration: what the store holds for it, if it passes the
// gate's rules about a certificate by itself (store/stored_search.h). When that is damaged or
// gone, what was shown before this configuration, if it still fits; when it does not fit the
// names or the day, or the gate refuses it today, what is stored, or was shown, by any other name
// and does, with a warning; else what comes closest, else a placeholder, else (with `fallback off`)
// nothing. What the leader's snapshot says of it is taken instead where that is still true
// (shortcuts.h). It is an error in the log when a name that had a certificate gets none. A damaged
// entry costs that certificate only.
//
// The catalogues are filled with everything in the store (catalogue_start.h).
//
// What authorities could fetch from the previous segment can be fetched from the new one.
//
// The previous segment goes on being used when it has the same certificates and catalogues, and
// none of them must vanish; otherwise there is a new one, and the previous stays as it is for those
// who mapped it. Waits up to two seconds for the previous agent to end. Fails when there is no
// memory for a segment.
Result<publication::Writer> bootstrap(const BootstrapRequest& request, Log& log);

}  // namespace ccm::server
