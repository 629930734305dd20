// SPDX-License-Identifier: Apache-2.0
// `ccm_status` in a location: answers requests with the server's status (server/status). Called by
// workers, and while the configuration is read.
#pragma once

#include "ngx_api.h"

namespace ccm::nginx {

char* on_status_directive(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept;

}  // namespace ccm::nginx
