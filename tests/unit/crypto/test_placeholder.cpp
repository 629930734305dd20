// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include "crypto/certificate/placeholder.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using test::kTestDay;
using test::kTestNow;
using testing::ElementsAre;

TEST(Placeholder, IsASelfSignedServerCertificateForTheNames) {
  const KeyPair key = test::make_test_key();
  const Result<Bundle> bundle =
      make_placeholder(key, {"www.example.com", "*.example.com", "192.0.2.7"}, kTestNow);
  ASSERT_TRUE(bundle) << bundle.error().message();
  const Certificate& leaf = bundle->leaf();
  EXPECT_EQ(bundle->chain().size(), 1u);
  EXPECT_EQ(leaf.subject(), "CN=CCM TLS placeholder");
  EXPECT_THAT(leaf.names(), ElementsAre("www.example.com", "*.example.com", "192.0.2.7"));
  EXPECT_TRUE(leaf.is_self_signed());
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_TRUE(leaf.allows_server_auth());
  EXPECT_EQ(X509_get_version(leaf.native()), X509_VERSION_3);
}

TEST(Placeholder, IsValidFromYesterdayForTenYears) {
  const Result<Bundle> bundle = make_placeholder(test::make_test_key(), {"a.example"}, kTestNow);
  ASSERT_TRUE(bundle);
  EXPECT_EQ(bundle->leaf().not_before(), kTestNow - kTestDay);
  EXPECT_EQ(format_time(bundle->leaf().not_after()), "2036-01-30T00:00:00Z");
}

TEST(Placeholder, OneKeyServesManyWithDifferentSerials) {
  const KeyPair key = test::make_test_key("RSA-2048");
  const Result<Bundle> first = make_placeholder(key, {"a.example"}, kTestNow);
  const Result<Bundle> second = make_placeholder(key, {"b.example"}, kTestNow);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->leaf().serial(), second->leaf().serial());
  EXPECT_EQ(first->leaf().serial().size(), 32u);
  EXPECT_TRUE(first->key().has_same_public_key(second->key()));
}

TEST(Placeholder, IsRecognised) {
  const KeyPair key = test::make_test_key();
  EXPECT_TRUE(is_placeholder(make_placeholder(key, {"a.example"}, kTestNow)->leaf()));
  const auto other = test::make_test_self_signed({.common_name = "a.example"});
  EXPECT_FALSE(is_placeholder(other.certificate));
  const auto root = test::make_test_root();
  const auto named = test::make_test_leaf(root, {.common_name = "CCM TLS placeholder"});
  EXPECT_FALSE(is_placeholder(named.certificate));
}

TEST(Placeholder, AServerWithoutNamesHasOneToo) {
  const Result<Bundle> bundle = make_placeholder(test::make_test_key(), {}, kTestNow);
  ASSERT_TRUE(bundle) << bundle.error().message();
  EXPECT_THAT(bundle->leaf().names(), ElementsAre());
}

}  // namespace
}  // namespace ccm::crypto
