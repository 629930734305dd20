// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cloud/identity/iam.h"
#include "support/fake_clock.h"
#include "support/scripted_http.h"
#include "test_values.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kIam = "https://iam.example.com";

PasswordLogin login(std::string project = "ap-southeast-1") {
  return {.user = "user",
          .password = Secret::copy_of("p\"w"),
          .domain = "acct",
          .project = std::move(project)};
}

std::string token_body(Time issued, Time expires) {
  return fmt::format(R"({{"token":{{"issued_at":"{}","expires_at":"{}"}}}})", format_time(issued),
                     format_time(expires));
}

TEST(RequestToken, SendsTheDocumentedBodyForProjectScope) {
  test::ScriptedHttp http;
  http.on("POST", "/v3/auth/tokens?nocatalog=")
      .answer(201, token_body(kNow, kNow + 24h), {{"x-subject-token", kToken}});
  const auto token = request_token(http, kIam, login(), kNow);
  ASSERT_TRUE(token) << token.error().message();
  EXPECT_EQ(token->value.reveal(), kToken);
  EXPECT_EQ(token->expires_at, kNow + 24h);
  EXPECT_EQ(token->renew_at, kNow + 24h - 30min);
  EXPECT_EQ(http.requests().front().body,
            R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"user",)"
            R"("password":"p\"w","domain":{"name":"acct"}}}},)"
            R"("scope":{"project":{"name":"ap-southeast-1"}}}})");
}

TEST(RequestToken, WithoutAProjectTheScopeIsTheAccount) {
  test::ScriptedHttp http;
  http.on("POST", "/v3/auth/tokens").answer(201, "{}", {{"X-Subject-Token", kToken}});
  ASSERT_TRUE(request_token(http, kIam, login(""), kNow));
  EXPECT_THAT(http.requests().front().body, HasSubstr(R"("scope":{"domain":{"name":"acct"}})"));
}

TEST(RequestToken, LifetimeIsTheServicesEvenWhenOurClockIsWrong) {
  test::ScriptedHttp http;
  const Time their_now = kNow - 5h;
  http.on("POST", "/tokens")
      .answer(201, token_body(their_now, their_now + 1h), {{"X-Subject-Token", kToken}})
      .answer(201, "garbage", {{"X-Subject-Token", kToken}});
  const auto token = request_token(http, kIam, login(), kNow);
  EXPECT_EQ(token->expires_at, kNow + 1h);
  EXPECT_EQ(token->renew_at, kNow + 45min) << "a quarter of a short lifetime";
  EXPECT_EQ(request_token(http, kIam, login(), kNow)->expires_at, kNow + 1h) << "assumed";
}

TEST(RequestToken, FailuresAreJudged) {
  const auto kind = [](int status, std::string_view body, Headers headers = {}) {
    test::ScriptedHttp http;
    http.on("POST", "/tokens").answer(status, std::string(body), std::move(headers));
    const auto token = request_token(http, kIam, login(), kNow);
    EXPECT_FALSE(token);
    EXPECT_THAT(token.error().message(), testing::Not(HasSubstr("p\"w")));
    return token.error().kind();
  };
  EXPECT_EQ(kind(401, R"({"error":{"message":"wrong","title":"Unauthorized"}})"),
            ErrorKind::unauthorized);
  EXPECT_EQ(kind(400, R"({"error":{"message":"no such scope"}})"), ErrorKind::rejected);
  EXPECT_EQ(kind(503, ""), ErrorKind::transient);
  EXPECT_EQ(kind(201, "{}"), ErrorKind::transient) << "no token in the answer";
  EXPECT_EQ(kind(201, "{}", {{"X-Subject-Token", "a\tb"}}), ErrorKind::transient);
}

TEST(RequestToken, PasswordsNeverTravelInTheClear) {
  test::ScriptedHttp http;
  const auto token = request_token(http, "http://iam.example.com", login(), kNow);
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().kind(), ErrorKind::invalid);
  EXPECT_TRUE(http.requests().empty());
}

TEST(ReadDomainId, TakesTheFirst) {
  EXPECT_EQ(read_domain_id(Secret::copy_of(R"({"domains":[{"id":"d1"},{"id":"d2"}]})")).value(),
            "d1");
  const auto none = read_domain_id(Secret::copy_of(R"({"domains":[]})"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), ErrorKind::rejected);
}

class TokenCacheTest : public testing::Test {
 protected:
  std::string get(std::string_view fingerprint = "a") {
    auto token = cache_.get(fingerprint, clock_.now(), [this]() -> Result<Token> {
      ++logins_;
      if (failure_) return fail(*failure_, "no login");
      const Time now = clock_.now();
      return Token{.value = Secret::copy_of(fmt::format("token-{}", logins_.load())),
                   .renew_at = now + 45min,
                   .expires_at = now + 1h};
    });
    if (!token) return std::string(to_string(token.error().kind()));
    last_ = *token;
    return std::string((*token)->value.reveal());
  }

  test::FakeClock clock_;
  TokenCache cache_;
  std::atomic<int> logins_ = 0;
  std::optional<ErrorKind> failure_;
  std::shared_ptr<const Token> last_;
};

TEST_F(TokenCacheTest, KeepsTheTokenUntilItIsDue) {
  EXPECT_EQ(get(), "token-1");
  clock_.advance(45min - 1s);
  EXPECT_EQ(get(), "token-1");
  clock_.advance(1s);
  EXPECT_EQ(get(), "token-2");
}

TEST_F(TokenCacheTest, AnotherIdentityNeverGetsTheToken) {
  EXPECT_EQ(get("a"), "token-1");
  EXPECT_EQ(get("b"), "token-2");
}

TEST_F(TokenCacheTest, APassingFailureKeepsTheOldTokenForAMinuteAtATime) {
  EXPECT_EQ(get(), "token-1");
  clock_.advance(50min);
  failure_ = ErrorKind::transient;
  EXPECT_EQ(get(), "token-1");
  EXPECT_EQ(get(), "token-1");
  EXPECT_EQ(logins_, 2);
  clock_.advance(1min);
  failure_.reset();
  EXPECT_EQ(get(), "token-3");
}

TEST_F(TokenCacheTest, ARefusedRenewalAndAnExpiredTokenAreErrors) {
  EXPECT_EQ(get(), "token-1");
  clock_.advance(50min);
  failure_ = ErrorKind::unauthorized;
  EXPECT_EQ(get(), "unauthorized");
  failure_ = ErrorKind::transient;
  clock_.advance(10min);
  EXPECT_EQ(get(), "transient");
}

TEST_F(TokenCacheTest, ADiscardedTokenIsReplacedButOnlyThatOne) {
  EXPECT_EQ(get(), "token-1");
  const auto stale = last_;
  cache_.discard(stale);
  EXPECT_EQ(get(), "token-2");
  cache_.discard(stale);
  EXPECT_EQ(get(), "token-2") << "somebody already logged in again";
}

TEST(TokenCache, ManyThreadsLogInOnce) {
  TokenCache cache;
  std::atomic<int> logins = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto token = cache.get("a", kNow, [&]() -> Result<Token> {
        ++logins;
        std::this_thread::yield();
        return Token{.value = Secret::copy_of("t"), .renew_at = kNow + 1h, .expires_at = kNow + 2h};
      });
      EXPECT_TRUE(token);
    });
  }
  threads.clear();
  EXPECT_EQ(logins, 1);
}

}  // namespace
}  // namespace ccm::cloud
