// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/certificate/placeholder.h"
#include "server/tls/compression.h"
#include "server/tls/context_placeholder.h"
#include "support/test_pki.h"

namespace ccm::server {
namespace {

ContextHandle make_context() {
  return ContextHandle(SSL_CTX_new(TLS_method()));
}

TEST(ContextPlaceholder, IsGivenToTheNextContextOnly) {
  const auto placeholder = ContextPlaceholder::make(test::kTestNow);
  ASSERT_TRUE(placeholder);
  const ContextHandle before = make_context();
  (*placeholder)->give_to_next();
  const ContextHandle next = make_context();
  const ContextHandle after = make_context();
  EXPECT_EQ(SSL_CTX_get0_certificate(before.get()), nullptr);
  ASSERT_EQ(SSL_CTX_check_private_key(next.get()), 1);
  EXPECT_TRUE(
      crypto::is_placeholder(crypto::Certificate::share_of(SSL_CTX_get0_certificate(next.get()))));
  EXPECT_EQ(SSL_CTX_get0_certificate(after.get()), nullptr);
}

// What a context has of its own costs time and memory for each virtual host.
TEST(ContextPlaceholder, IsSharedByAllContexts) {
  const auto placeholder = ContextPlaceholder::make(test::kTestNow);
  ASSERT_TRUE(placeholder);
  (*placeholder)->give_to_next();
  const ContextHandle one = make_context();
  (*placeholder)->give_to_next();
  const ContextHandle other = make_context();
  EXPECT_EQ(SSL_CTX_get0_certificate(one.get()), SSL_CTX_get0_certificate(other.get()));
  EXPECT_EQ(SSL_CTX_get0_privatekey(one.get()), SSL_CTX_get0_privatekey(other.get()));
}

TEST(ContextPlaceholder, HasItsIssuerInTheChain) {
  const auto placeholder = ContextPlaceholder::make(test::kTestNow);
  ASSERT_TRUE(placeholder);
  (*placeholder)->give_to_next();
  const ContextHandle context = make_context();
  STACK_OF(X509)* chain = nullptr;
  ASSERT_EQ(SSL_CTX_get0_chain_certs(context.get(), &chain), 1);
  ASSERT_EQ(sk_X509_num(chain), 1);
  EXPECT_EQ(sk_X509_value(chain, 0), SSL_CTX_get0_certificate(context.get()));
}

TEST(ContextPlaceholder, OutlivesItsMakerInTheContextsThatHaveIt) {
  ContextHandle context;
  {
    const auto placeholder = ContextPlaceholder::make(test::kTestNow);
    ASSERT_TRUE(placeholder);
    (*placeholder)->give_to_next();
    context = make_context();
    // Nobody takes this one.
    (*placeholder)->give_to_next();
  }
  EXPECT_EQ(SSL_CTX_check_private_key(context.get()), 1);
  EXPECT_EQ(SSL_CTX_get0_certificate(make_context().get()), nullptr);
}

}  // namespace
}  // namespace ccm::server
