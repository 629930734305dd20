// SPDX-License-Identifier: Apache-2.0
// `SetHandler ccm-status`, and what mod_status is given for its own page (server/status). Called in
// the children, by any thread.
#pragma once

#include "ap_api.h"

namespace ccm::apache {

int answer_status(request_rec* request) noexcept;
// `flags`: of mod_status.
int add_to_status(request_rec* request, int flags) noexcept;

}  // namespace ccm::apache
