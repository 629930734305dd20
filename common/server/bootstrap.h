// What a server shows from its first moment: a publication segment, filled from the store without
// network and without the agent. Called once per accepted configuration by the server's master or
// parent, which may read the store.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "lifecycle/store_reader.h"
#include "publication/writer.h"

namespace ccm::server {

struct BootstrapRequest {
  const config::Config& config;
  const lifecycle::StoreReader& store;
  int segment;  // the publication memfd of the previous configuration, borrowed; -1: none
  Time now;
};

// One slot per certificate of the configuration: what the store holds; when that is damaged or
// gone, what was shown before this configuration, if it still fits; else a placeholder, else (with
// `fallback off`) nothing. A damaged entry is logged and costs that certificate only.
//
// The previous segment goes on being used when it has the same certificates and none of them must
// vanish; otherwise there is a new one, and the previous stays as it is for those who mapped it.
// Waits up to two seconds for the previous agent to end. Fails when there is no memory for a
// segment.
Result<publication::Writer> bootstrap(const BootstrapRequest& request, Log& log);

}  // namespace ccm::server
