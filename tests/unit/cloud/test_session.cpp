// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "cloud/identity/session.h"
#include "cloud/identity/signer.h"
#include "session_fixture.h"
#include "test_values.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;
using test::header_of;
using testing::HasSubstr;

constexpr std::string_view kBadKey =
    R"({"error_code":"APIGW.0301","error_msg":"ak AKID not exist"})";
constexpr std::string_view kStale = R"({"error_code":"APIGW.0307","error_msg":"token expired"})";

ApiRequest request(std::string endpoint = "https://scm.example.com:8443") {
  return {.method = "POST",
          .endpoint = std::move(endpoint),
          .path = "/v3/thing",
          .query = {{"b", "2 3"}, {"a", "1"}},
          .body = "{}",
          .iam_action = "scm:cert:list"};
}

void answer_logins(SessionFixture& fixture) {
  fixture.http.on("POST", "/v3/auth/tokens").answer(201, "{}", {{"X-Subject-Token", kToken}});
}

TEST(Session, SignsExactlyWhatItSends) {
  SessionFixture fixture(key_credentials("dom", "prj"));
  fixture.http.on("POST", "/v3/thing").answer(200, "body");
  const auto body = fixture.session.call(request());
  ASSERT_TRUE(body) << body.error().message();
  EXPECT_EQ(body->reveal(), "body");
  const auto sent = fixture.http.requests().front();
  EXPECT_EQ(sent.url, "https://scm.example.com:8443/v3/thing?a=1&b=2%203");
  EXPECT_EQ(sent.body, "{}");
  EXPECT_EQ(header_of(sent, "Host"), "scm.example.com:8443");
  EXPECT_EQ(header_of(sent, "Content-Type"), "application/json");
  EXPECT_EQ(header_of(sent, "X-Sdk-Date"), "20260510T184200Z");
  EXPECT_EQ(header_of(sent, "X-Domain-Id"), "dom");
  EXPECT_EQ(header_of(sent, "X-Project-Id"), "") << "one scope at most";
  EXPECT_THAT(header_of(sent, "Authorization"),
              HasSubstr("SignedHeaders=content-type;host;x-domain-id;x-sdk-date,"));
  Headers resigned = sent.headers;
  std::erase_if(resigned, [](const auto& header) { return header.first == "Authorization"; });
  const auto key = AccessKey{
      .id = "AKID", .secret = Secret::copy_of("SKEY"), .security_token = {}, .expires_at = {}};
  const Query query = request().query;
  EXPECT_EQ(sign(key, {.method = "POST",
                       .host = {},
                       .path = "/v3/thing",
                       .query = query,
                       .headers = resigned,
                       .body = "{}",
                       .now = {}})
                .authorization,
            header_of(sent, "Authorization"));
}

TEST(Session, SignsThePathOfAnEndpointToo) {
  SessionFixture fixture;
  fixture.http.on("POST", "https://gw.example.com/base/v3/thing").answer(204, "");
  EXPECT_TRUE(fixture.session.call(request("https://gw.example.com/base")));
  SessionFixture plain;
  plain.http.on("POST", "/v3/thing").answer(204, "");
  EXPECT_TRUE(plain.session.call(request("https://gw.example.com")));
  EXPECT_NE(header_of(fixture.http.requests()[0], "Authorization"),
            header_of(plain.http.requests()[0], "Authorization"));
}

TEST(Session, TemporaryKeysAndProjectsAreSigned) {
  Credentials credentials = key_credentials("", "prj");
  std::get<AccessKey>(credentials.identity).security_token = Secret::copy_of("STS");
  SessionFixture fixture(std::move(credentials));
  fixture.http.on("POST", "/v3/thing").answer(200, "");
  ASSERT_TRUE(fixture.session.call(request()));
  const auto sent = fixture.http.requests().front();
  EXPECT_EQ(header_of(sent, "X-Security-Token"), "STS");
  EXPECT_EQ(header_of(sent, "X-Project-Id"), "prj");
  EXPECT_THAT(header_of(sent, "Authorization"),
              HasSubstr("x-project-id;x-sdk-date;x-security-token"));
}

TEST(Session, CredentialsNeverTravelInTheClear) {
  SessionFixture fixture;
  for (const auto* endpoint : {"http://scm.example.com", "scm.example.com", ""}) {
    const auto body = fixture.session.call(request(endpoint));
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind(), ErrorKind::invalid);
  }
  EXPECT_TRUE(fixture.http.requests().empty());
}

TEST(Session, TokenIsFetchedOnceAndReused) {
  SessionFixture fixture(login_credentials());
  answer_logins(fixture);
  fixture.http.on("POST", "/v3/thing").answer(200, "");
  ASSERT_TRUE(fixture.session.call(request()));
  ASSERT_TRUE(fixture.session.call(request()));
  EXPECT_EQ(fixture.http.count("/v3/auth/tokens"), 1U);
  EXPECT_EQ(header_of(fixture.http.requests().back(), "X-Auth-Token"), kToken);
  EXPECT_EQ(header_of(fixture.http.requests().back(), "Authorization"), "");
}

TEST(Session, AStaleTokenIsRenewedOnceAndIsNoRefusal) {
  SessionFixture fixture(login_credentials());
  answer_logins(fixture);
  fixture.http.on("POST", "/v3/thing").answer(401, std::string(kStale)).answer(200, "ok");
  const auto body = fixture.session.call(request());
  ASSERT_TRUE(body) << body.error().message();
  EXPECT_EQ(fixture.http.count("/v3/auth/tokens"), 2U);
  EXPECT_EQ(fixture.http.count("/v3/thing"), 2U);
}

TEST(Session, ATokenThatStaysStaleIsARefusal) {
  SessionFixture fixture(login_credentials());
  answer_logins(fixture);
  fixture.http.on("POST", "/v3/thing").answer(401, std::string(kStale));
  const auto body = fixture.session.call(request());
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().kind(), ErrorKind::unauthorized);
  EXPECT_EQ(body.error().code(), "APIGW.0307");
  EXPECT_EQ(fixture.http.count("/v3/thing"), 2U);
}

TEST(Session, AWrongPasswordIsTriedTwiceAtMost) {
  SessionFixture fixture(login_credentials());
  fixture.http.on("POST", "/v3/auth/tokens").answer(401, R"({"error":{"message":"wrong"}})");
  for (int i = 0; i < 5; ++i) {
    const auto body = fixture.session.call(request());
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind(), ErrorKind::unauthorized);
  }
  EXPECT_EQ(fixture.http.requests().size(), 2U);
}

TEST(Session, AWrongKeyReachesTheCloudTwiceAtMostWhateverTheThreads) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing").respond([](const HttpRequest&) {
    std::this_thread::yield();
    return test::ScriptedHttp::make(401, kBadKey);
  });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_FALSE(fixture.session.call(request())); });
  }
  threads.clear();
  EXPECT_EQ(fixture.http.requests().size(), 2U);
}

TEST(Session, AKeyThatStopsWorkingReachesTheCloudTwiceAtMostToo) {
  SessionFixture fixture;
  std::atomic<bool> works = true;
  std::atomic<int> refusals = 0;
  fixture.http.on("POST", "/v3/thing").respond([&](const HttpRequest&) {
    if (works) return test::ScriptedHttp::make(200, "");
    std::this_thread::sleep_for(1ms);  // lets the others pile up behind
    ++refusals;
    return test::ScriptedHttp::make(401, kBadKey);
  });
  ASSERT_TRUE(fixture.session.call(request()));
  works = false;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_FALSE(fixture.session.call(request())); });
  }
  threads.clear();
  EXPECT_LE(refusals, 2);
}

// Both services behind one gateway, and credentials that nobody has seen yet: then each service
// gets one call at a time, and PCA, which hangs, must not be taken for SCM.
TEST(Session, AServiceThatHangsHoldsUpNoOtherAtTheSameEndpoint) {
  SessionFixture fixture;
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  fixture.http.on("POST", "/v1/thing").respond([&](const HttpRequest&) {
    ended.wait();
    return test::ScriptedHttp::make(200, "{}");
  });
  fixture.http.on("POST", "/v3/thing").answer(200, "{}");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      ApiRequest hanging = request();
      hanging.path = "/v1/thing";
      hanging.iam_action = "pca:cert:list";
      EXPECT_TRUE(fixture.session.call(hanging));
    });
  }
  while (fixture.http.count("/v1/thing") == 0) std::this_thread::yield();
  EXPECT_EQ(fixture.http.count("/v1/thing"), 1U) << "unknown credentials go one by one";
  auto answer = std::async(std::launch::async, [&] { return fixture.session.call(request()); });
  const bool has_come = answer.wait_for(10s) == std::future_status::ready;
  end.set_value();
  EXPECT_TRUE(has_come) << "SCM waits for PCA";
  EXPECT_TRUE(answer.get());
}

TEST(Session, AnAnswerOfTheServiceItselfClearsEarlierRefusals) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing")
      .answer(401, std::string(kBadKey))
      .answer(404, R"({"error_code":"SCM.0094","error_msg":"not found"})")
      .answer(401, std::string(kBadKey))
      .answer(200, "");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(fixture.session.call(request()));
  EXPECT_TRUE(fixture.session.call(request()));
}

TEST(Session, PassingFaultsAreNotRefusals) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing").unreachable().answer(500, "").answer(429, "").unreachable();
  for (int i = 0; i < 6; ++i) {
    const auto body = fixture.session.call(request());
    ASSERT_FALSE(body);
    EXPECT_TRUE(body.error().is_retryable());
  }
  EXPECT_EQ(fixture.http.requests().size(), 6U) << "nothing is repeated behind the caller's back";
}

TEST(Session, TheAccountIsLookedUpOnlyWhenTheServiceInsists) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing")
      .answer(500, R"({"error_code":"SCM.0099","error_msg":"Invalid domain id."})")
      .answer(200, "ok");
  fixture.http.on("GET", "https://iam.example.com/v3/auth/domains")
      .answer(200, R"({"domains":[{"id":"looked-up"}]})");
  ASSERT_TRUE(fixture.session.call(request()));
  ASSERT_TRUE(fixture.session.call(request()));
  EXPECT_EQ(fixture.http.count("/v3/auth/domains"), 1U);
  EXPECT_EQ(header_of(fixture.http.requests().front(), "X-Domain-Id"), "");
  EXPECT_EQ(header_of(fixture.http.requests().back(), "X-Domain-Id"), "looked-up");
}

TEST(Session, AConfiguredAccountIsNotSecondGuessed) {
  SessionFixture fixture(key_credentials("configured"));
  fixture.http.on("POST", "/v3/thing").answer(500, R"({"error_code":"SCM.0099"})");
  const auto body = fixture.session.call(request());
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code(), "SCM.0099");
  EXPECT_EQ(fixture.http.requests().size(), 1U);
}

TEST(Session, TheProfilesIamEndpointWins) {
  Credentials credentials = login_credentials();
  credentials.iam_endpoint = "https://iam.private.example";
  SessionFixture fixture(std::move(credentials));
  fixture.http.on("POST", "https://iam.private.example/v3/auth/tokens")
      .answer(201, "{}", {{"X-Subject-Token", kToken}});
  fixture.http.on("POST", "/v3/thing").answer(200, "");
  EXPECT_TRUE(fixture.session.call(request()));
}

TEST(Session, FailuresNameHostCodeRequestAndMissingPermission) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing")
      .answer(401, R"({"error_code":"SCM.4002","error_msg":"no permission"})",
              {{"X-Request-Id", "req-7"}});
  const auto body = fixture.session.call(request());
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(body.error().message(),
              testing::AllOf(HasSubstr("scm.example.com"), HasSubstr("SCM.4002"),
                             HasSubstr("req-7"), HasSubstr("scm:cert:list")));
}

TEST(Session, ShowsStatusAndHeadersToThoseWhoAsk) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing").answer(201, "b", {{"X-Subject-Token", "t"}});
  const auto answer = fixture.session.exchange(request());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->header("x-subject-token"), "t");
}

TEST(Session, NamesTheProjectToAServiceOfARegion) {
  SessionFixture fixture(key_credentials("dom"));
  fixture.http.on("POST", "/v3/thing").answer(200, "");
  ApiRequest regional = request();
  regional.project_id = "prj";
  ASSERT_TRUE(fixture.session.call(regional));
  const auto sent = fixture.http.requests().front();
  EXPECT_EQ(header_of(sent, "X-Project-Id"), "prj");
  EXPECT_EQ(header_of(sent, "X-Domain-Id"), "") << "one scope at most";
}

TEST(Session, SignsTheHeadersOfTheCallerAndNotWhatIsNoJson) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing").answer(200, "");
  ApiRequest picture = request();
  picture.headers = {{"X-Subject-Token", "T"}};
  picture.content_type = "application/octet-stream";
  ASSERT_TRUE(fixture.session.call(picture));
  const auto sent = fixture.http.requests().front();
  EXPECT_EQ(header_of(sent, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(header_of(sent, "X-Sdk-Content-Sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_THAT(header_of(sent, "Authorization"), HasSubstr("x-subject-token"));
}

TEST(Session, AsksAnonymouslyWithoutTouchingTheCredentials) {
  SessionFixture fixture;
  fixture.http.on("POST", "/v3/thing").answer(401, "{}");
  ApiRequest anonymous = request();
  anonymous.is_anonymous = true;
  EXPECT_FALSE(fixture.session.call(anonymous));
  EXPECT_FALSE(fixture.session.call(anonymous));
  EXPECT_FALSE(fixture.session.call(anonymous));
  EXPECT_EQ(fixture.http.count("/v3/thing"), 3U) << "refusals are not the key's";
  EXPECT_EQ(header_of(fixture.http.requests().front(), "Authorization"), "");
}

TEST(Session, PreviewsWithoutACall) {
  SessionFixture with_key;
  const auto signed_request = with_key.session.preview(request());
  ASSERT_TRUE(signed_request) << signed_request.error().message();
  EXPECT_EQ(signed_request->url, "https://scm.example.com:8443/v3/thing?a=1&b=2%203");
  EXPECT_THAT(header_of(*signed_request, "Authorization"), HasSubstr("Access=AKID"));
  EXPECT_TRUE(with_key.http.requests().empty());
  SessionFixture with_login(login_credentials());
  const auto token_request = with_login.session.preview(request());
  ASSERT_TRUE(token_request);
  EXPECT_EQ(header_of(*token_request, "X-Auth-Token"), "(a token for this login)");
  EXPECT_TRUE(with_login.http.requests().empty());
}

}  // namespace
}  // namespace ccm::cloud
