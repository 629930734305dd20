// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <openssl/err.h>

#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(OpensslError, NamesTheOldestReasonAndEmptiesTheQueue) {
  ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
  ERR_raise(ERR_LIB_X509, ERR_R_INTERNAL_ERROR);
  const Error error = openssl_error(ErrorKind::transient, "read the file");
  EXPECT_EQ(error.kind(), ErrorKind::transient);
  EXPECT_EQ(error.message(), "read the file: malloc failure");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(OpensslError, AddsTheDataOpensslGives) {
  ERR_raise_data(ERR_LIB_X509, ERR_R_INTERNAL_ERROR, "curve %s", "tiny");
  EXPECT_EQ(openssl_error(ErrorKind::internal, "sign").message(),
            "sign: internal error (curve tiny)");
}

TEST(OpensslError, IsASentenceEvenWithoutAReason) {
  EXPECT_EQ(openssl_error(ErrorKind::internal, "sign").message(), "sign: OpenSSL gives no reason");
}

TEST(OpensslShare, KeepsTheObjectAliveByItself) {
  X509Handle first(X509_new());
  const X509Handle second = share(first.get());
  first.reset();
  EXPECT_EQ(X509_set_version(second.get(), X509_VERSION_3), 1);
  EvpKeyHandle key(EVP_PKEY_new());
  const EvpKeyHandle other = share(key.get());
  key.reset();
  EXPECT_EQ(EVP_PKEY_get_base_id(other.get()), EVP_PKEY_NONE);
}

}  // namespace
}  // namespace ccm::crypto
