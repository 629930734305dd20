// SPDX-License-Identifier: Apache-2.0
// What `CCMCertificate` means for the main server and the virtual hosts. The rules:
//
//   * A virtual host shows what its own CCMCertificate lines name.
//   * Without any, and without an SSLCertificateFile of its own, it shows what those of the main
//     server name, if SSLEngine is on there: as mod_ssl does with the main server's
//     SSLCertificateFile. In the short form each such virtual host has a certificate for its own
//     names.
//   * The main server shows its own when SSLEngine is on in it.
//   * CCMCertificate and SSLCertificateFile (or …KeyFile) in the same place exclude each other; a
//     virtual host's own line of either kind overrides the other kind in the main server.
#pragma once

#include "base/result.h"
#include "config_tree.h"
#include "main_conf.h"

namespace ccm::apache {

// Finds the sites of a configuration that was read completely. Errors carry "in FILE:LINE".
Result<void> bind(MainConf& conf, server_rec* main_server, const ConfigTree& tree);

}  // namespace ccm::apache
