// SPDX-License-Identifier: Apache-2.0
#include "support/test_ocsp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/certificate/ocsp.h"

namespace ccm::crypto {
namespace {

using test::kTestDay;
using test::kTestNow;
using test::make_test_response;
using test::TestCertificate;
using test::TestResponseOptions;
using ::testing::HasSubstr;

class OcspTest : public ::testing::Test {
 protected:
  Result<OcspAnswer> judge(const std::vector<std::byte>& der, Time now = kTestNow) const {
    return judge_ocsp_response(der, leaf_.certificate, issuer_.certificate, now);
  }
  Result<OcspAnswer> judge(const TestResponseOptions& options) const {
    return judge(make_test_response(leaf_.certificate, issuer_, options));
  }
  // The sentence of a refusal as untrustworthy; "" for none.
  static std::string refusal(const Result<OcspAnswer>& judged) {
    if (judged) return "";
    EXPECT_EQ(judged.error().kind(), ErrorKind::invalid) << judged.error().message();
    return judged.error().message();
  }
  std::string refusal(const TestResponseOptions& options) const { return refusal(judge(options)); }
  // A responder's certificate from `authority`.
  static TestCertificate responder(const test::TestAuthority& authority,
                                   test::TestCertificateOptions options = {}) {
    options.common_name = "Responder";
    if (options.extended_key_usage.front() == "serverAuth") {
      options.extended_key_usage = {"OCSPSigning"};
    }
    return make_test_leaf(authority, std::move(options));
  }

  test::TestAuthority root_ = test::make_test_root();
  test::TestAuthority issuer_ = test::make_test_intermediate(root_);
  TestCertificate leaf_ = make_test_leaf(issuer_, {.names = {"www.example.com"}});
};

TEST_F(OcspTest, AsksAboutTheCertificateAlone) {
  const auto request = make_ocsp_request(leaf_.certificate, issuer_.certificate).value();
  EXPECT_TRUE(
      test::is_test_request_about(test::text_of(request), leaf_.certificate, issuer_.certificate));
  const TestCertificate other = make_test_leaf(issuer_, {.names = {"a.example"}});
  EXPECT_FALSE(
      test::is_test_request_about(test::text_of(request), other.certificate, issuer_.certificate));
}

TEST_F(OcspTest, BelievesTheIssuer) {
  const Result<OcspAnswer> answer = judge(TestResponseOptions{});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, OcspStatus::good);
  EXPECT_EQ(answer->this_update, kTestNow - Seconds(3600));
  EXPECT_EQ(answer->next_update, kTestNow + 7 * kTestDay);
  EXPECT_FALSE(answer->revoked_at);
}

TEST_F(OcspTest, BelievesAResponderThatTheIssuerCertified) {
  const TestCertificate delegate = responder(issuer_);
  const Result<OcspAnswer> answer = judge({.signer = &delegate});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, OcspStatus::good);
}

TEST_F(OcspTest, TellsWhenAndWhyACertificateWasRevoked) {
  const Result<OcspAnswer> answer = judge({.status = OcspStatus::revoked, .reason = 1});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, OcspStatus::revoked);
  EXPECT_EQ(answer->revoked_at, kTestNow - kTestDay);
  EXPECT_EQ(answer->reason, "keyCompromise");
  EXPECT_EQ(judge({.status = OcspStatus::revoked}).value().reason, "");
}

TEST_F(OcspTest, TellsThatTheResponderDoesNotKnowTheCertificate) {
  EXPECT_EQ(judge({.status = OcspStatus::unknown}).value().status, OcspStatus::unknown);
}

TEST_F(OcspTest, BelievesNobodyElse) {
  const test::TestAuthority other = test::make_test_intermediate(root_, "Other CA");
  const TestCertificate foreign = responder(other);
  EXPECT_THAT(refusal({.signer = &foreign}), HasSubstr("signed neither"));
  const TestCertificate for_servers = responder(issuer_, {.extended_key_usage = {"clientAuth"}});
  EXPECT_THAT(refusal({.signer = &for_servers}), HasSubstr("signed neither"));
  EXPECT_THAT(refusal({.signer = &leaf_}), HasSubstr("signed neither"));
  EXPECT_THAT(refusal({.signer = &root_}), HasSubstr("signed neither"));
  const TestCertificate expired =
      responder(issuer_, {.not_before = kTestNow - 9 * kTestDay, .not_after = kTestNow - kTestDay});
  EXPECT_THAT(refusal({.signer = &expired}), HasSubstr("signed neither"));
  // An authority below the issuer is not the issuer, and its responders are its own.
  const test::TestAuthority below = test::make_test_intermediate(issuer_, "Below");
  const TestCertificate remote = responder(below);
  EXPECT_THAT(refusal({.signer = &remote}), HasSubstr("signed neither"));
}

TEST_F(OcspTest, BelievesNoAuthorityThatOnlyHasTheIssuersName) {
  const test::TestAuthority impostor = test::make_test_intermediate(root_);
  EXPECT_THAT(refusal({.signer = &impostor}), HasSubstr("signed neither"));
}

TEST_F(OcspTest, RefusesWhatWasAltered) {
  std::vector<std::byte> der = make_test_response(leaf_.certificate, issuer_);
  der.back() ^= std::byte{1};
  EXPECT_THAT(refusal(judge(der)), HasSubstr("signed neither"));
}

TEST_F(OcspTest, RefusesAnAnswerAboutAnotherCertificate) {
  const TestCertificate other = make_test_leaf(issuer_, {.names = {"www.example.com"}});
  EXPECT_THAT(refusal(judge(make_test_response(other.certificate, issuer_))),
              HasSubstr("another certificate"));
  // Asked with SHA-1, answered with something else.
  EXPECT_THAT(refusal({.digest = "SHA256"}), HasSubstr("another certificate"));
}

TEST_F(OcspTest, RefusesWhatIsNotInForce) {
  EXPECT_THAT(refusal({.this_update = kTestNow + Seconds(301)}), HasSubstr("begins only at"));
  EXPECT_TRUE(judge({.this_update = kTestNow + Seconds(300)}));
  EXPECT_THAT(refusal({.next_update = kTestNow}), HasSubstr("ended at 2026-01-31T00:00:00Z"));
  EXPECT_TRUE(judge({.next_update = kTestNow + Seconds(1)}));
}

TEST_F(OcspTest, WithoutAnEndItCountsForAnHour) {
  const Time start = kTestNow - Seconds(600);
  const Result<OcspAnswer> answer = judge({.this_update = start, .next_update = std::nullopt});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->next_update, start + Seconds(3600));
}

TEST_F(OcspTest, TellsARefusalThatPassesFromOneThatStays) {
  const Result<OcspAnswer> later = judge(test::make_test_refusal(3));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind(), ErrorKind::transient);
  EXPECT_THAT(later.error().message(), HasSubstr("trylater"));
  EXPECT_EQ(judge(test::make_test_refusal(6)).error().kind(), ErrorKind::rejected);
}

TEST_F(OcspTest, RefusesWhatIsNoResponse) {
  EXPECT_THAT(refusal(judge(std::vector<std::byte>{})), HasSubstr("is not one"));
  EXPECT_THAT(refusal(judge(std::vector<std::byte>(100, std::byte{0x30}))),
              HasSubstr("is not one"));
  std::vector<std::byte> der = make_test_response(leaf_.certificate, issuer_);
  der.push_back(std::byte{0});
  EXPECT_THAT(refusal(judge(der)), HasSubstr("behind its end"));
  EXPECT_THAT(refusal(judge(std::vector<std::byte>(kMostOcspResponse + 1))),
              HasSubstr("at most 16384"));
}

TEST_F(OcspTest, TellsTheEndOfAResponse) {
  EXPECT_EQ(ocsp_response_end(make_test_response(leaf_.certificate, issuer_)),
            kTestNow + 7 * kTestDay);
  EXPECT_EQ(ocsp_response_end(
                make_test_response(leaf_.certificate, issuer_, {.next_update = std::nullopt})),
            kTestNow);
  EXPECT_EQ(ocsp_response_end({}), Time());
  EXPECT_EQ(ocsp_response_end(test::make_test_refusal(3)), Time());
}

}  // namespace
}  // namespace ccm::crypto
