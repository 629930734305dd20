// SPDX-License-Identifier: Apache-2.0
// Owners of the OpenSSL objects the emulator uses. Any thread; each handle has one owner.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

namespace emulator {

template <auto Free>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using KeyContextHandle = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<EVP_PKEY_CTX_free>>;
using CertificateHandle = std::unique_ptr<X509, OpensslFree<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;
using NameHandle = std::unique_ptr<X509_NAME, OpensslFree<X509_NAME_free>>;
using GeneralNamesHandle = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
using BioHandle = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using NumberHandle = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;
using Pkcs12Handle = std::unique_ptr<PKCS12, OpensslFree<PKCS12_free>>;

using Certificates = std::vector<CertificateHandle>;

}  // namespace emulator
