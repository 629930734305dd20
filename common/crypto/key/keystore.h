// SPDX-License-Identifier: Apache-2.0
// Key stores for servers that want key and chain in one file under a password. Pure functions.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/bundle.h"

namespace ccm::crypto {

// PKCS #12 (RFC 7292): the key encrypted with AES-256, SHA-256 for the integrity; `alias` is the
// friendly name. `invalid` for an empty password, which many readers refuse.
Result<Secret> to_pkcs12(const Bundle& bundle, const std::string& alias, const Secret& password);

// The Java key store of type JKS, one private key entry under `alias` (lower case, as keytool makes
// it). Its key protection is Sun's own SHA-1 key stream (object identifier
// 1.3.6.1.4.1.42.2.17.1.1), which only obfuscates, so keep the file as secret as the key. `invalid`
// for a password of fewer than 6 characters, which keytool refuses.
Result<Secret> to_jks(const Bundle& bundle, const std::string& alias, const Secret& password,
                      Time now);

}  // namespace ccm::crypto
