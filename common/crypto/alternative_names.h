// The subjectAltName extension (RFC 5280 section 4.2.1.6), read and built. Used inside the crypto
// room only. Pure functions.
#pragma once

#include <openssl/x509v3.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/openssl.h"

namespace ccm::crypto {

using GeneralNamesHandle = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

// The canonical DNS names and IP addresses of the extension; names that cannot be canonical (an
// embedded NUL, a blank) are left out, since no client would match them either. nullopt when there
// is no entry of these types, so that the common name may speak.
std::optional<std::vector<std::string>> read_alternative_names(const X509* certificate);
// The canonical form of the last common name; nullopt when there is none that is a DNS name.
std::optional<std::string> read_common_name(const X509* certificate);

// `names` are canonical (names.h).
Result<GeneralNamesHandle> make_alternative_names(const std::vector<std::string>& names);

}  // namespace ccm::crypto
