// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pkcs12.h>

#include <algorithm>

#include "crypto/key/keystore.h"
#include "crypto/openssl.h"
#include "fixtures.h"
#include "support/test_bundle.h"

namespace ccm::crypto {
namespace {

using ccm::test::kTestNow;
using testing::HasSubstr;

TEST(Keystore, Pkcs12HoldsKeyAndChain) {
  const Bundle bundle = ccm::test::make_test_bundle();
  const auto made = to_pkcs12(bundle, "www", test::password());
  ASSERT_TRUE(made) << made.error().message();
  const auto* at = reinterpret_cast<const unsigned char*>(made->bytes().data());
  const Handle<PKCS12, PKCS12_free> store(
      d2i_PKCS12(nullptr, &at, static_cast<long>(made->size())));
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(PKCS12_verify_mac(store.get(), "wrong", -1), 0);
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  ASSERT_EQ(PKCS12_parse(store.get(), "changeit", &key, &leaf, &others), 1);
  const EvpKeyHandle key_handle(key);
  const X509Handle leaf_handle(leaf);
  EXPECT_EQ(EVP_PKEY_eq(key, bundle.key().native()), 1);
  EXPECT_EQ(X509_cmp(leaf, bundle.leaf().native()), 0);
  ASSERT_EQ(sk_X509_num(others), 1);
  EXPECT_EQ(X509_cmp(sk_X509_value(others, 0), bundle.chain()[1].native()), 0);
  sk_X509_pop_free(others, X509_free);
  drain_openssl_errors();
}

TEST(Keystore, JksHasTheFormOfJavasOwn) {
  const auto made = to_jks(ccm::test::make_test_bundle(), "WWW", test::password(), kTestNow);
  ASSERT_TRUE(made) << made.error().message();
  const std::string_view bytes = made->reveal();
  EXPECT_EQ(bytes.substr(0, 12), std::string_view("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1", 12));
  EXPECT_EQ(bytes.substr(12, 9), std::string_view("\0\0\0\1\0\3www", 9)) << "keytool's lower case";
  EXPECT_THAT(std::string(bytes), HasSubstr("X.509"));
}

TEST(Keystore, NoTwoJksFilesAreTheSameAndNoneShowsTheKey) {
  const Bundle bundle = ccm::test::make_test_bundle();
  const auto first = to_jks(bundle, "www", test::password(), kTestNow);
  const auto second = to_jks(bundle, "www", test::password(), kTestNow);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->equals(*second));
  const auto key = bundle.key().to_der();
  EXPECT_EQ(first->reveal().find(key->reveal().substr(30, 16)), std::string_view::npos);
}

TEST(Keystore, RefusesPasswordsThatReadersRefuse) {
  const Bundle bundle = ccm::test::make_test_bundle();
  EXPECT_EQ(to_pkcs12(bundle, "www", Secret()).error().kind(), ErrorKind::invalid);
  EXPECT_THAT(to_jks(bundle, "www", test::password("short"), kTestNow).error().message(),
              HasSubstr("at least 6 characters"));
  EXPECT_THAT(to_jks(bundle, "www", test::password("pässword"), kTestNow).error().message(),
              HasSubstr("printable ASCII"));
}

}  // namespace
}  // namespace ccm::crypto
