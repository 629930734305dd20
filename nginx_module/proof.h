// SPDX-License-Identifier: Apache-2.0
// Answers an authority that wants to see whether a domain is ours (server/watch/live_proofs.h): in
// every server of http, on every listener, TLS or not, whatever the server says of ccm. In nginx's
// first phase, so before rewrites and redirects, access rules, passwords and proxies. All other
// requests pass by.
#pragma once

#include "ngx_api.h"

namespace ccm::nginx {

// After the http block was read.
ngx_int_t answer_authorities(ngx_conf_t* cf) noexcept;

}  // namespace ccm::nginx
