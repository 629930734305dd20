// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cloud/identity/credentials.h"
#include "support/fake_clock.h"
#include "support/scripted_http.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;
using test::header_of;
using testing::HasSubstr;

constexpr std::string_view kTokenPath = "/meta-data/latest/api/token";
constexpr std::string_view kKeyPath = "/openstack/latest/securitykey";
constexpr std::string_view kNoAgency = "Please configure Cloud Service Agency first";

class EcsProvider : public testing::Test {
 protected:
  std::string keys(std::string_view id, Seconds lifetime) const {
    return fmt::format(
        R"({{"credential":{{"access":"{}","secret":"SK","securitytoken":"TOK","expires_at":"{}"}}}})",
        id, format_time(clock_.now() + lifetime));
  }
  std::string current_id() {
    const auto credentials = provider_->current();
    if (!credentials) return credentials.error().message();
    return std::get<AccessKey>((*credentials)->identity).id;
  }
  test::ScriptedHttp::Route& token_route() { return http_.on("PUT", kTokenPath); }
  test::ScriptedHttp::Route& key_route() { return http_.on("GET", kKeyPath); }

  test::FakeClock clock_;
  test::ScriptedHttp http_;
  std::unique_ptr<CredentialsProvider> provider_ =
      make_ecs_provider(http_, clock_, "http://169.254.169.254/");
};

TEST_F(EcsProvider, AsksForATokenThenForKeysDirectly) {
  token_route().answer(200, "META\n");
  key_route().answer(200, keys("AK1", 24h));
  const auto credentials = provider_->current();
  ASSERT_TRUE(credentials) << credentials.error().message();
  const auto& key = std::get<AccessKey>((*credentials)->identity);
  EXPECT_EQ(key.id, "AK1");
  EXPECT_EQ(key.secret.reveal(), "SK");
  EXPECT_EQ(key.security_token.reveal(), "TOK");
  EXPECT_EQ(key.expires_at, clock_.now() + 24h);
  const auto requests = http_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].url, "http://169.254.169.254/meta-data/latest/api/token");
  EXPECT_EQ(header_of(requests[0], "X-Metadata-Token-Ttl-Seconds"), "21600");
  EXPECT_EQ(header_of(requests[1], "X-Metadata-Token"), "META");
  for (const auto& request : requests) {
    EXPECT_TRUE(request.bypass_proxy);
    EXPECT_EQ(request.total_timeout, 3s);
  }
}

TEST_F(EcsProvider, GoesOnWithoutATokenAndDoesNotAskAgainForADay) {
  for (const int status : {404, 405, 503}) {
    test::ScriptedHttp http;
    const auto provider = make_ecs_provider(http, clock_, "http://169.254.169.254");
    http.on("PUT", kTokenPath).answer(status, "");
    http.on("GET", kKeyPath).answer(200, keys("AK", 1h));
    ASSERT_TRUE(provider->current()) << status;
    EXPECT_EQ(header_of(http.requests().back(), "X-Metadata-Token"), "");
    clock_.advance(50min);
    ASSERT_TRUE(provider->current());
    EXPECT_EQ(http.count(kTokenPath), 1U);
    clock_.advance(24h);
    static_cast<void>(provider->current());
    EXPECT_EQ(http.count(kTokenPath), 2U);
  }
}

TEST_F(EcsProvider, OtherAnswersToTheTokenRequestAreErrors) {
  for (const int status : {400, 500}) {
    test::ScriptedHttp http;
    const auto provider = make_ecs_provider(http, clock_, "http://169.254.169.254");
    http.on("PUT", kTokenPath).answer(status, "no");
    EXPECT_FALSE(provider->current()) << status;
  }
  token_route().answer(200, "two words");
  EXPECT_FALSE(provider_->current());
}

TEST_F(EcsProvider, AStaleTokenIsReplacedOnce) {
  token_route().answer(200, "OLD").answer(200, "NEW");
  key_route().answer(401, "stale").answer(200, keys("AK1", 24h));
  EXPECT_EQ(current_id(), "AK1");
  EXPECT_EQ(header_of(http_.requests().back(), "X-Metadata-Token"), "NEW");
}

TEST_F(EcsProvider, AfterA401AFailedTokenRequestIsFatal) {
  token_route().answer(404, "");
  key_route().answer(401, "token needed");
  EXPECT_THAT(current_id(), HasSubstr("metadata token"));
  EXPECT_EQ(http_.count(kTokenPath), 2U);
  EXPECT_EQ(http_.count(kKeyPath), 1U);
}

TEST_F(EcsProvider, ASecond401IsAnErrorThatLocksNothing) {
  token_route().answer(200, "META");
  key_route().answer(401, "stale");
  const auto credentials = provider_->current();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().kind(), ErrorKind::transient);
  EXPECT_EQ(http_.count(kKeyPath), 2U);
}

TEST_F(EcsProvider, WithoutAnAgencyItSaysSoAndDoesNotRepeat) {
  token_route().answer(200, "META");
  key_route().answer(401, std::string(kNoAgency));
  const auto credentials = provider_->current();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(credentials.error().message(), HasSubstr("agency"));
  EXPECT_EQ(http_.count(kKeyPath), 1U);
}

TEST_F(EcsProvider, ReadsEverySpellingOfTheAnswer) {
  const std::string expiry = format_time(clock_.now() + 1h);
  const std::string inner[] = {
      fmt::format(R"({{"access":"A","secret":"S","securitytoken":"T","expires_at":"{}"}})", expiry),
      fmt::format(
          R"({{"accessKeyId":"A","secretAccessKey":"S","securityToken":"T","expiration":"{}"}})",
          expiry)};
  for (const auto& object : inner) {
    for (const auto& body : {fmt::format(R"({{"credential":{}}})", object),
                             fmt::format(R"({{"credentials":{}}})", object), object}) {
      test::ScriptedHttp http;
      const auto provider = make_ecs_provider(http, clock_, "http://169.254.169.254");
      http.on("PUT", kTokenPath).answer(404, "");
      http.on("GET", kKeyPath).answer(200, body);
      EXPECT_TRUE(provider->current()) << body;
    }
  }
}

TEST_F(EcsProvider, GarbageIsAPassingFault) {
  token_route().answer(404, "");
  key_route()
      .answer(200, "<html>")
      .answer(200, R"({"credential":{"access":"A"}})")
      .answer(200, R"({"credential":{"access":"A","secret":"S"}})")
      .answer(200, keys("AK1", 1h));
  for (int i = 0; i < 3; ++i) {
    const auto credentials = provider_->current();
    ASSERT_FALSE(credentials);
    EXPECT_EQ(credentials.error().kind(), ErrorKind::transient);
  }
  EXPECT_EQ(current_id(), "AK1");
}

TEST_F(EcsProvider, LongLivedKeysAreRefreshedFortyMinutesBeforeTheEnd) {
  token_route().answer(404, "");
  key_route().answer(200, keys("AK1", 24h));
  EXPECT_EQ(current_id(), "AK1");
  http_.forget_routes();
  clock_.advance(24h - 40min - 1s);
  EXPECT_EQ(current_id(), "AK1") << "nothing is asked yet";
  clock_.advance(1s);
  token_route().answer(404, "");
  key_route().answer(200, keys("AK2", 24h));
  EXPECT_EQ(current_id(), "AK2");
}

TEST_F(EcsProvider, ShortLivedKeysAreRefreshedInTheirLastQuarter) {
  token_route().answer(404, "");
  key_route().answer(200, keys("AK1", 20min)).answer(200, keys("AK2", 40min));
  EXPECT_EQ(current_id(), "AK1");
  clock_.advance(15min - 1s);
  EXPECT_EQ(current_id(), "AK1");
  clock_.advance(1s);
  EXPECT_EQ(current_id(), "AK2");
}

TEST_F(EcsProvider, AFailedRefreshKeepsTheOldKeysWhileTheyWork) {
  token_route().answer(404, "");
  key_route().answer(200, keys("AK1", 1h)).unreachable();
  EXPECT_EQ(current_id(), "AK1");
  clock_.advance(46min);
  EXPECT_EQ(current_id(), "AK1");
  const std::size_t asked = http_.count(kKeyPath);
  EXPECT_EQ(current_id(), "AK1");
  EXPECT_EQ(http_.count(kKeyPath), asked) << "not asked again within a minute";
  clock_.advance(15min);
  const auto credentials = provider_->current();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().kind(), ErrorKind::transient);
}

TEST_F(EcsProvider, ManyThreadsCauseOneRefresh) {
  token_route().answer(200, "META");
  key_route().answer(200, keys("AK1", 24h));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_EQ(current_id(), "AK1"); });
  threads.clear();
  EXPECT_EQ(http_.requests().size(), 2U);
}

TEST_F(EcsProvider, KeysAreNotFetchedFromAnotherMachineInTheClear) {
  const auto provider = make_ecs_provider(http_, clock_, "http://metadata.example.com");
  const auto credentials = provider->current();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().kind(), ErrorKind::invalid);
  EXPECT_TRUE(http_.requests().empty());
}

}  // namespace
}  // namespace ccm::cloud
