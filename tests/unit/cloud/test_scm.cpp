// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "cloud/api/scm.h"
#include "session_fixture.h"

namespace ccm::cloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kScm = "https://scm.example.com";

int parameter(const std::string& url, std::string_view name) {
  const auto at = url.find(fmt::format("{}=", name));
  if (at == std::string::npos) return -1;
  int value = -1;
  const char* start = url.data() + at + name.size() + 1;
  std::from_chars(start, url.data() + url.size(), value);
  return value;
}

// An account of `total` certificates, listed the way the service does.
class Account {
 public:
  explicit Account(int total) : total_(total) {}

  bool refuses_large_offsets = false;
  bool ignores_offset = false;
  bool hides_total = false;

  HttpResponse list(const HttpRequest& request) const {
    const int offset = ignores_offset ? 0 : std::max(parameter(request.url, "offset"), 0);
    const int limit = parameter(request.url, "limit");
    if (refuses_large_offsets && offset > 100) {
      return test::ScriptedHttp::make(400,
                                      R"({"error_code":"SCM.0005","error_msg":"offset > 100"})");
    }
    std::vector<int> matching = all(request);
    std::string rows;
    for (int i = offset; i < std::min(offset + limit, static_cast<int>(matching.size())); ++i) {
      rows += fmt::format(R"({}{{"id":"scs{:013}","name":"n","status":"ISSUED","domain":"d{}.x"}})",
                          rows.empty() ? "" : ",", matching[static_cast<std::size_t>(i)],
                          matching[static_cast<std::size_t>(i)]);
    }
    const std::string total =
        hides_total ? "" : fmt::format(R"(,"total_count":"{}")", matching.size());
    return test::ScriptedHttp::make(200, fmt::format(R"({{"certificates":[{}]{}}})", rows, total));
  }

 private:
  std::vector<int> all(const HttpRequest& request) const {
    std::vector<int> ids;
    const int content = parameter(request.url, "content");
    for (int i = 0; i < total_; ++i) {
      if (content < 0 || i == content) ids.push_back(i);
    }
    if (request.url.find("sort_dir=DESC") != std::string::npos) {
      std::reverse(ids.begin(), ids.end());
    }
    return ids;
  }

  int total_;
};

struct Listed {
  explicit Listed(const Account& account, const std::string& content = "") {
    fixture.http.on("GET", "/v3/scm/certificates?").respond([&](const HttpRequest& request) {
      return account.list(request);
    });
    auto found = ScmClient(fixture.session, kScm).list("ISSUED", content);
    EXPECT_TRUE(found) << found.error().message();
    if (found) certificates = std::move(*found);
  }
  std::size_t distinct() const {
    std::set<std::string> ids;
    for (const auto& certificate : certificates) ids.insert(certificate.id);
    EXPECT_EQ(ids.size(), certificates.size()) << "no certificate twice";
    return ids.size();
  }

  SessionFixture fixture;
  std::vector<ScmCertificate> certificates;
};

TEST(ScmList, ReadsEveryPage) {
  for (const int total : {0, 1, 49, 50, 51, 100, 330}) {
    const Account account(total);
    const Listed listing(account);
    EXPECT_EQ(listing.distinct(), static_cast<std::size_t>(total));
    EXPECT_EQ(listing.fixture.http.requests().size(),
              static_cast<std::size_t>(std::max(1, (total + 49) / 50)));
  }
}

TEST(ScmList, AsksTheWayTheServiceWantsIt) {
  const Account account(1);
  const Listed listing(account);
  EXPECT_EQ(listing.fixture.http.requests().front().url,
            "https://scm.example.com/v3/scm/certificates?limit=50&owned_by_self=true&"
            "sort_dir=DESC&sort_key=certExpiredTime&status=ISSUED");
}

TEST(ScmList, WhereLargeOffsetsAreRefusedItReadsFromTheOtherEnd) {
  Account account(290);
  account.refuses_large_offsets = true;
  const Listed listing(account);
  EXPECT_EQ(listing.distinct(), 290U);
}

TEST(ScmList, AndNarrowsByContentForTheRest) {
  Account account(1000);
  account.refuses_large_offsets = true;
  EXPECT_EQ(Listed(account).distinct(), 300U) << "what can be had";
  const Listed narrowed(account, "500");
  EXPECT_EQ(narrowed.distinct(), 301U);
  EXPECT_EQ(narrowed.certificates.back().id, "scs0000000000500");
}

TEST(ScmList, ContentIsNotSentWhileThePagesSuffice) {
  const Account account(60);
  const Listed listing(account, "5");
  EXPECT_EQ(listing.distinct(), 60U) << "the service may compare it with the first name only";
}

TEST(ScmList, AServiceThatIgnoresTheOffsetDoesNotHoldUsForEver) {
  Account account(330);
  account.ignores_offset = true;
  const Listed listing(account);
  EXPECT_EQ(listing.distinct(), 100U) << "fifty from either end";
  EXPECT_LE(listing.fixture.http.requests().size(), 4U);
}

TEST(ScmList, WithoutATotalItReadsUntilAShortPage) {
  Account account(120);
  account.hides_total = true;
  EXPECT_EQ(Listed(account).distinct(), 120U);
}

TEST(ScmList, StopsAtTenThousand) {
  const Account account(12'000);
  const Listed listing(account);
  EXPECT_EQ(listing.distinct(), 10'000U);
}

TEST(ScmList, OtherFailuresAreTheCallers) {
  SessionFixture fixture;
  fixture.http.on("GET", "/v3/scm/certificates")
      .answer(401, R"({"error_code":"SCM.4002","error_msg":"no"})")
      .answer(200, "<html>");
  ScmClient scm(fixture.session, kScm);
  const auto refused = scm.list("ISSUED", "");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("scm:cert:list"));
  EXPECT_EQ(scm.list("ISSUED", "").error().kind(), ErrorKind::transient);
}

TEST(ScmList, NamesAreSplitLowerCaseAndDistinct) {
  SessionFixture fixture;
  fixture.http.on("GET", "/v3/scm/certificates")
      .answer(200,
              R"({"total_count":2,"certificates":[
        {"id":"scs1","domain":"WWW.Example.com","sans":"www.example.com; *.example.com;;a.b"},
        {"id":"scs2","domain":"x.y","sans":null},
        {"id":"../evil","domain":"x.y"}]})");
  const auto found = ScmClient(fixture.session, kScm).list("ALL", "");
  ASSERT_EQ(found->size(), 2U) << "an id that cannot be one is left out";
  EXPECT_THAT(found->front().names, ElementsAre("www.example.com", "*.example.com", "a.b"));
  EXPECT_THAT(found->back().names, ElementsAre("x.y"));
}

TEST(ScmShow, ReadsTheFingerprint) {
  SessionFixture fixture;
  fixture.http.on("GET", "/v3/scm/certificates/scs1")
      .answer(200, R"({"id":"scs1","status":"ISSUED","fingerprint":"AB:CD","not_after":"x"})");
  const auto found = ScmClient(fixture.session, kScm).show("scs1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->fingerprint, "abcd");
  EXPECT_EQ(found->expire_time, "x");
  EXPECT_TRUE(found->is_exportable());
}

TEST(ScmShow, RefusesAnIdThatCannotBeOneBeforeAsking) {
  SessionFixture fixture;
  const auto found = ScmClient(fixture.session, kScm).show("a/../b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::invalid);
}

ScmCertificate with_status(std::string status) {
  ScmCertificate certificate;
  certificate.status = std::move(status);
  return certificate;
}

TEST(ScmCertificateStatus, OnlyIssuedOnesCanBeExported) {
  for (const auto* status : {"ISSUED", "UPLOAD", "SUPPLEMENTCHECKING", "CANCELSUPPLEMENTING"}) {
    EXPECT_TRUE(with_status(status).is_exportable()) << status;
  }
  for (const auto* status : {"PAID", "CHECKING", "CHECKING_ORG", "UNPASSED", "EXPIRED", "REVOKED",
                             "REVOKE", "REVOKING", "CANCLEREVOKING", "NEW", ""}) {
    EXPECT_FALSE(with_status(status).is_exportable()) << status;
  }
}

Result<ScmExport> export_answering(std::string body) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/scm/certificates/scs1/export").answer(200, std::move(body));
  auto out = ScmClient(fixture.session, kScm).export_certificate("scs1");
  EXPECT_EQ(fixture.http.requests().front().body, "") << "no body";
  return out;
}

TEST(ScmExport, ReadsChainAndKey) {
  const auto out =
      export_answering(R"({"certificate":"LEAF","certificate_chain":"CHAIN","private_key":"KEY"})");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->certificate, "LEAF");
  EXPECT_EQ(out->certificate_chain, "CHAIN");
  EXPECT_EQ(out->private_key.reveal(), "KEY");
}

TEST(ScmExport, TheKeyMayBeElsewhereAndTheChainInOnePiece) {
  for (const auto* key : {"null", "\"\"", "[]"}) {
    const auto out = export_answering(
        fmt::format(R"({{"entire_certificate":"LEAFCHAIN","private_key":{}}})", key));
    ASSERT_TRUE(out);
    EXPECT_EQ(out->certificate, "LEAFCHAIN");
    EXPECT_TRUE(out->private_key.empty());
  }
}

TEST(ScmExport, GarbageIsPassingAndSm2IsNot) {
  EXPECT_EQ(export_answering("{").error().kind(), ErrorKind::transient);
  EXPECT_EQ(export_answering("{}").error().kind(), ErrorKind::transient);
  const auto sm2 = export_answering(R"({"certificate":"A","enc_certificate":"B"})");
  ASSERT_FALSE(sm2);
  EXPECT_EQ(sm2.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(sm2.error().message(), HasSubstr("SM2"));
}

}  // namespace
}  // namespace ccm::cloud
