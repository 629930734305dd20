// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as handles, and its error queue as an Error. Only the crypto room and the
// server modules' TLS callbacks include this.
//
// The error queue is per thread: drain it on the thread that made the failing call.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string_view>

#include "base/handle.h"
#include "base/result.h"

namespace ccm::crypto {

using BioHandle = Handle<BIO, BIO_free_all>;
using EvpKeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using EvpKeyContextHandle = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using X509Handle = Handle<X509, X509_free>;
using X509RequestHandle = Handle<X509_REQ, X509_REQ_free>;

// "activity: <the oldest reason in this thread's error queue>"; the queue is empty afterwards.
Error openssl_error(ErrorKind kind, std::string_view activity);
// Empties this thread's error queue, so that a later, unrelated call does not report our failure.
void drain_openssl_errors() noexcept;

// The content of a buffer in memory; valid until the buffer changes.
std::string_view content_of(BIO* buffer) noexcept;

// A reference of its own to a shared object.
X509Handle share(X509* certificate) noexcept;
EvpKeyHandle share(EVP_PKEY* key) noexcept;

}  // namespace ccm::crypto
