// SPDX-License-Identifier: Apache-2.0
// Handles `SetHandler ccm-status`, and adds to mod_status' own page (server/status). Called in the
// children, by any thread.
#pragma once

#include "ap_api.h"

namespace ccm::apache {

int answer_status(request_rec* request) noexcept;
// `flags`: of mod_status.
int add_to_status(request_rec* request, int flags) noexcept;

}  // namespace ccm::apache
