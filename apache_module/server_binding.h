// SPDX-License-Identifier: Apache-2.0
// Finds out which of httpd's servers show certificates. server/start/site_binder.h has the rules;
// this file knows what httpd and mod_ssl make of what was written.
//
// * Clients of a virtual host are shown a certificate when SSLEngine is on, there or in the main
// server, or when it listens for https.
// * The main server is the level around the virtual hosts, and shows its own certificates when
// SSLEngine is on in it.
#pragma once

#include "base/result.h"
#include "config_tree.h"
#include "main_conf.h"

namespace ccm::apache {

// Finds the sites of a configuration that was read completely. Errors carry "in FILE:LINE".
Result<void> bind(MainConf& conf, server_rec* main_server, const ConfigTree& tree);

}  // namespace ccm::apache
