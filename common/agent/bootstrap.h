// What a server shows from its first moment: a new publication segment, filled from the store
// without network and without the agent. Called once per accepted configuration by the server's
// master or parent, which may read the store; both server modules do the same here.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "lifecycle/store_reader.h"
#include "publication/writer.h"

namespace ccm::agent {

// One slot per certificate of the configuration: what the store holds, else a placeholder, else
// (with `fallback off`) nothing. A damaged entry is logged and costs that certificate only. Fails
// when there is no memory for a segment.
Result<publication::Writer> bootstrap(const config::Config& config,
                                      const lifecycle::StoreReader& store, Time now, Log& log);

}  // namespace ccm::agent
