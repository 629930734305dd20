// SPDX-License-Identifier: Apache-2.0
// The authorities that this system trusts: OpenSSL's default file and directories, or those that
// SSL_CERT_FILE and SSL_CERT_DIR name. There are about 150, and reading them costs more than the
// rest of a renewal. So this process reads them once, and again when they have changed.
//
// Any thread.
#pragma once

#include "crypto/openssl_handles.h"

namespace ccm::crypto {

// Shared, so nothing may be added to it. nullptr when it cannot be made.
StoreHandle system_trust();

}  // namespace ccm::crypto
