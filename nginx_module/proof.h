// SPDX-License-Identifier: Apache-2.0
// Answers an authority that checks whether a domain is ours (server/watch/live_proofs.h): in every
// server of http, on every listener, with or without TLS, whether or not the server uses ccm. Runs
// in nginx's first phase, before rewrites and redirects, access rules, passwords and proxies.
// Ignores all other requests.
#pragma once

#include "ngx_api.h"

namespace ccm::nginx {

// To be called after the http block was read.
ngx_int_t answer_authorities(ngx_conf_t* cf) noexcept;

}  // namespace ccm::nginx
