// SPDX-License-Identifier: Apache-2.0
// The `ccm { … }` block and the certificate blocks in it. Every directive is passed on word for
// word, with its place, to config::Settings, which knows all the rules; nothing is judged here.
#pragma once

#include "ngx_api.h"

namespace ccm::nginx {

// `ccm` of the main level and what may stand in it, ended by an empty command. Static: every call
// returns the same.
ngx_command_t* commands();

}  // namespace ccm::nginx
