// SPDX-License-Identifier: Apache-2.0
// What the clients in use require of a single certificate, whatever is above it: OpenSSL (curl,
// Python, PHP), Go, Java, Node and the browsers. OpenSSL's own verification is laxer than some of
// them in these points, so they are checked here. Pure functions.
#pragma once

#include <string>

#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// Each returns the end of a sentence about the certificate ("its serial number is negative"); empty
// when nothing is wrong.

// How it is written: strict DER of version 3, a serial number that is not negative, names that can
// be read, one and the same signature algorithm inside and outside (RSA-PSS with a salt as long as
// the digest), readable extensions, none of them twice, no critical one that a client in use does
// not know, a well-formed subjectAltName. Of an authority's also that it may issue for servers.
std::string form_problem(const Certificate& certificate);

// A leaf's key: RSA of 2048 to 8192 bits (Go and the browsers accept no more) or ECDSA on the named
// curves P-256 and P-384.
std::string leaf_key_problem(const Certificate& certificate);
// An authority's key: also P-521.
std::string issuer_key_problem(const Certificate& certificate);

// A root's: whether clients take it for an authority, and its key.
std::string root_problem(const Certificate& root);

}  // namespace ccm::crypto
