// SPDX-License-Identifier: Apache-2.0
// The module's directives. Every one is forwarded word for word, with its place, to
// config::Settings, which knows all the rules; nothing is judged here but where it stands.
//
//   CCMRegion, CCMStateDir, …             main server only
//   <CCMCertificate NAME> … </…>          main server only; CCMSource, CCMNames, … in it
//   CCMCertificate …                      main server and virtual hosts (server_binding.h)
#pragma once

#include "ap_api.h"
#include "config/dialect.h"

namespace ccm::apache {

// The terms and spellings of httpd.
config::Dialect dialect();

// The table of directives, ended by an empty row. Static: every call returns the same.
const command_rec* commands() noexcept;

}  // namespace ccm::apache
