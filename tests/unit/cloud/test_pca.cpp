// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/api/pca.h"
#include "session_fixture.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kPca = "https://ccm.example.com";
constexpr const char* kCa = "2cb2878b-6cd1-460d-bd25-afe655159bdc";
constexpr const char* kId = "6434f071-7347-4828-abe5-f0df8b2a8f05";
constexpr std::string_view kRoot = "https://ccm.example.com/v1/private-certificates";

class Pca : public testing::Test {
 protected:
  test::ScriptedHttp::Route& on(std::string_view method, std::string_view suffix) {
    return fixture_.http.on(method, fmt::format("{}{}", kRoot, suffix));
  }
  std::string last_body() const { return fixture_.http.requests().back().body; }

  SessionFixture fixture_;
  PcaClient pca_{fixture_.session, kPca};
};

TEST_F(Pca, ShowsAnAuthority) {
  fixture_.http.on("GET", fmt::format("/v1/private-certificate-authorities/{}", kCa))
      .answer(200, R"({"status":"ACTIVED","not_after":1778438520000})")
      .answer(200, R"({"status":"DISABLED","not_after":"1778438520000"})");
  const auto first = pca_.show_authority(kCa);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->status, "ACTIVED");
  EXPECT_EQ(first->not_after, Time(Seconds(1778438520)));
  EXPECT_EQ(pca_.show_authority(kCa)->not_after, first->not_after) << "a string is as good";
}

TEST_F(Pca, IssuesByCsr) {
  on("POST", "/csr").answer(200, fmt::format(R"({{"certificate_id":"{}"}})", kId));
  EXPECT_EQ(pca_.issue_by_csr(kCa, "CSR\n", {.duration = 90 * 24h}).value(), kId);
  EXPECT_EQ(last_body(), fmt::format(R"({{"issuer_id":"{}","csr":"CSR\n",)"
                                     R"("validity":{{"type":"DAY","value":90}},)"
                                     R"("type":"ENTITY_CERT"}})",
                                     kCa));
}

TEST_F(Pca, ShortValidityIsInHours) {
  on("POST", "/csr").answer(200, fmt::format(R"({{"certificate_id":"{}"}})", kId));
  ASSERT_TRUE(pca_.issue_by_csr(kCa, "CSR", {.duration = 6h}));
  EXPECT_THAT(last_body(), HasSubstr(R"({"type":"HOUR","value":6})"));
  ASSERT_TRUE(pca_.issue_by_csr(kCa, "CSR", {.duration = 10min}));
  EXPECT_THAT(last_body(), HasSubstr(R"({"type":"HOUR","value":1})"));
  ASSERT_TRUE(pca_.issue_by_csr(kCa, "CSR", {.duration = 36h}));
  EXPECT_THAT(last_body(), HasSubstr(R"({"type":"DAY","value":1})"));
}

TEST_F(Pca, IssuesWithAKeyOfItsOwn) {
  on("POST", "").answer(200, fmt::format(R"({{"certificate_id":"{}"}})", kId));
  const crypto::KeyType key{crypto::KeyAlgorithm::rsa, 2048};
  EXPECT_EQ(
      pca_.issue(kCa, key, {"a.example", "*.a.example", "10.0.0.1"}, {.duration = 24h}).value(),
      kId);
  EXPECT_EQ(last_body(),
            fmt::format(R"({{"issuer_id":"{}","key_algorithm":"RSA2048",)"
                        R"("signature_algorithm":"SHA256",)"
                        R"("distinguished_name":{{"common_name":"a.example"}},)"
                        R"("validity":{{"type":"DAY","value":1}},)"
                        R"("key_usages":["digitalSignature","keyEncipherment"],)"
                        R"("subject_alternative_names":[{{"type":"DNS","value":"a.example"}},)"
                        R"({{"type":"DNS","value":"*.a.example"}},)"
                        R"({{"type":"IP","value":"10.0.0.1"}}],)"
                        R"("extended_key_usage":{{"server_auth":true}}}})",
                        kCa));
  ASSERT_TRUE(pca_.issue(kCa, {crypto::KeyAlgorithm::ecdsa, 384}, {"a.example"}, {24h}));
  EXPECT_THAT(last_body(), HasSubstr(R"("key_algorithm":"EC384","signature_algorithm":"SHA384")"));
  EXPECT_THAT(last_body(), HasSubstr("keyAgreement"));
}

TEST_F(Pca, ALongFirstNameIsNotTheCommonName) {
  on("POST", "").answer(200, fmt::format(R"({{"certificate_id":"{}"}})", kId));
  const std::string longer = std::string(60, 'a') + ".example";
  ASSERT_TRUE(pca_.issue(kCa, {}, {longer, "b.example"}, {24h}));
  EXPECT_THAT(last_body(), HasSubstr(R"("common_name":"b.example")"));
}

TEST_F(Pca, RefusesWhatTheServiceCannotDoBeforeAsking) {
  const auto kind = [](const auto& result) {
    EXPECT_FALSE(result);
    return result.error().kind();
  };
  EXPECT_EQ(kind(pca_.issue(kCa, {crypto::KeyAlgorithm::rsa, 3072}, {"a"}, {24h})),
            ErrorKind::invalid);
  EXPECT_EQ(kind(pca_.issue(kCa, {}, std::vector<std::string>(21, "a"), {24h})),
            ErrorKind::invalid);
  EXPECT_EQ(kind(pca_.issue(kCa, {}, {std::string(65, 'a')}, {24h})), ErrorKind::invalid);
  EXPECT_EQ(kind(pca_.issue("no id", {}, {"a"}, {24h})), ErrorKind::invalid);
  EXPECT_EQ(kind(pca_.issue_by_csr("", "CSR", {24h})), ErrorKind::invalid);
  EXPECT_EQ(kind(pca_.show("../x")), ErrorKind::invalid);
  EXPECT_TRUE(fixture_.http.requests().empty());
}

TEST_F(Pca, FindsExactlyTheCommonNameNewestFirst) {
  const auto row = [](std::string_view id, std::string_view name, int created) {
    return fmt::format(R"({{"certificate_id":"{}","status":"ISSUED","create_time":{}000,)"
                       R"("serial_number":"2026","distinguished_name":{{"common_name":"{}"}}}})",
                       id, 1778000000 + created, name);
  };
  on("GET", "?limit=100&name=a.example&sort_dir=DESC&sort_key=create_time")
      .answer(200,
              fmt::format(R"({{"total":"4","certificates":[{},{},{}]}})", row("i1", "A.example", 1),
                          row("i2", "www.a.example", 9), row("i3", "a.example", 3)));
  on("GET", "?limit=100&name=a.example&offset=3")
      .answer(200, fmt::format(R"({{"total":4,"certificates":[{}]}})", row("i4", "a.example", 2)));
  const auto found = pca_.find("a.example");
  ASSERT_TRUE(found) << found.error().message();
  std::vector<std::string> ids;
  for (const auto& certificate : *found) ids.push_back(certificate.id);
  EXPECT_THAT(ids, testing::ElementsAre("i3", "i4", "i1"));
  EXPECT_EQ(found->front().serial, "2026");
}

TEST_F(Pca, ExportsUncompressedForNginx) {
  on("POST", fmt::format("/{}/export", kId))
      .answer(200, R"({"certificate":"LEAF","certificate_chain":"CHAIN"})")
      .answer(200, "{}");
  const auto out = pca_.export_certificate(kId);
  ASSERT_TRUE(out);
  EXPECT_EQ(last_body(), R"({"is_compressed":"false","type":"NGINX"})");
  EXPECT_EQ(out->certificate, "LEAF");
  EXPECT_EQ(out->certificate_chain, "CHAIN");
  EXPECT_TRUE(out->private_key.empty());
  EXPECT_EQ(pca_.export_certificate(kId).error().kind(), ErrorKind::transient);
}

TEST_F(Pca, NotFoundHasTwoSpellingsAndBothAreFinal) {
  on("GET", fmt::format("/{}", kId))
      .answer(404, R"({"error_code":"PCA.00030102","error_msg":"x"})")
      .answer(400, R"({"error_code":"PCA.10010002","error_msg":"x"})");
  EXPECT_EQ(pca_.show(kId).error().kind(), ErrorKind::rejected);
  EXPECT_EQ(pca_.show(kId).error().kind(), ErrorKind::rejected);
}

}  // namespace
}  // namespace ccm::cloud
