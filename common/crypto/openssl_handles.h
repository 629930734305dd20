// SPDX-License-Identifier: Apache-2.0
// Handles besides those of openssl.h. Crypto room only.
#pragma once

#include <openssl/bn.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/handle.h"

namespace ccm::crypto {

using BignumHandle = Handle<BIGNUM, BN_free>;
using Pkcs12Handle = Handle<PKCS12, PKCS12_free>;
using StoreHandle = Handle<X509_STORE, X509_STORE_free>;

// A list of certificates that belong to others.
inline void free_list(STACK_OF(X509) * list) noexcept {
  sk_X509_free(list);
}
using ListHandle = Handle<STACK_OF(X509), free_list>;

// A list and the certificates in it.
inline void free_list_and_content(STACK_OF(X509) * list) noexcept {
  sk_X509_pop_free(list, X509_free);
}
using OwningListHandle = Handle<STACK_OF(X509), free_list_and_content>;

}  // namespace ccm::crypto
