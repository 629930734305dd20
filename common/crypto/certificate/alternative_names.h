// SPDX-License-Identifier: Apache-2.0
// The subjectAltName extension (RFC 5280 section 4.2.1.6), read and built. Used inside the crypto
// room only. Pure functions.
#pragma once

#include <openssl/x509v3.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/openssl.h"

namespace ccm::crypto {

using GeneralNamesHandle = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

// The canonical DNS names and IP addresses of the extension; names that cannot be canonical (an
// embedded NUL, a blank) are left out, since no client would match them either. Empty when there is
// no entry of these types; clients do not look at the common name (RFC 9525 section 2).
std::vector<std::string> read_alternative_names(const X509* certificate);
std::vector<std::string> read_alternative_names(const X509_EXTENSIONS* extensions);
// The end of a sentence when a strict client (Go, Java) refuses the certificate because of a
// malformed entry: text that is not ASCII, an address of a wrong length, an invalid URI, a mailbox
// without a domain, an EDI party. Empty when nothing is wrong, also without the extension.
std::string alternative_names_problem(const X509* certificate);

// `names` are canonical (names.h).
Result<GeneralNamesHandle> make_alternative_names(const std::vector<std::string>& names);

}  // namespace ccm::crypto
