// What a server shows from its first moment: a new publication segment, filled from the store
// without network and without the agent. Called once per accepted configuration by the server's
// master or parent, which may read the store; both server modules do the same here.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "lifecycle/store_reader.h"
#include "publication/reader.h"
#include "publication/writer.h"

namespace ccm::agent {

struct BootstrapRequest {
  const config::Config& config;
  const lifecycle::StoreReader& store;
  publication::Reader* previous;  // what was shown so far; nullptr at the first start
  Time now;
};

// One slot per certificate of the configuration: what the store holds; when that is damaged or
// gone, what was shown before this configuration, if it still fits; else a placeholder, else (with
// `fallback off`) nothing. A damaged entry is logged and costs that certificate only. Fails when
// there is no memory for a segment.
Result<publication::Writer> bootstrap(const BootstrapRequest& request, Log& log);

}  // namespace ccm::agent
