// SPDX-License-Identifier: Apache-2.0
// Answers an authority that checks whether a domain is ours (server/watch/live_proofs.h): in every
// virtual host, on every listener, with or without TLS, and with or without ccm directives. Before
// httpd translates the request, so before rewrites and redirects, access rules, passwords and
// proxies. All other requests pass by. Any thread of a child.
#pragma once

#include "ap_api.h"

namespace ccm::apache {

// The quick handler.
int answer_authority(request_rec* request, int is_lookup) noexcept;

}  // namespace ccm::apache
