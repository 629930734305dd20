// SPDX-License-Identifier: Apache-2.0
// Answers an authority that wants to see whether a domain is ours (server/live_proofs.h): in every
// virtual host, on every listener, TLS or not, whatever the host says of ccm. Before httpd
// translates the request, so before rewrites and redirects, access rules, passwords and proxies.
// All other requests pass by. Any thread of a child.
#pragma once

#include "ap_api.h"

namespace ccm::apache {

// The quick handler.
int answer_authority(request_rec* request, int is_lookup) noexcept;

}  // namespace ccm::apache
