// SPDX-License-Identifier: Apache-2.0
// What HttpClient promises, kept by the implementation on curl against real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "cloud/transport/curl_client.h"
#include "loopback_server.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::LoopbackServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<HttpClient> make_client(CurlOptions options = {}) {
  auto client = make_curl_client(options);
  EXPECT_TRUE(client);
  return std::move(client).value();
}

HttpRequest get(std::string url) {
  return {.method = "GET", .url = std::move(url), .headers = {}, .body = {}};
}

HttpRequest post(std::string url, std::string body) {
  return {.method = "POST",
          .url = std::move(url),
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(body)};
}

void serve_forever(Connection& connection) {
  while (connection.read_request()) connection.answer("200 OK", "ok");
}

// The error of a request that must fail without a complete answer.
std::string transient_failure(HttpClient& client, const HttpRequest& request) {
  const auto answer = client.send(request);
  EXPECT_FALSE(answer);
  if (answer) return {};
  EXPECT_EQ(answer.error().kind(), ErrorKind::transient);
  EXPECT_THAT(answer.error().message(), HasSubstr("127.0.0.1"));
  return answer.error().message();
}

TEST(CurlClient, AnyCompleteAnswerIsAValue) {
  for (const auto* status : {"200 OK", "204 No Content", "302 Found", "401 No", "500 Oops"}) {
    LoopbackServer server([&](Connection& connection) {
      connection.read_request();
      connection.answer(status, std::string_view("a\0b", status[2] == '4' ? 0 : 3),
                        "X-Subject-TOKEN:  value \r\nLocation: http://127.0.0.1:1/\r\n");
    });
    const auto answer = make_client()->send(get(server.url()));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, std::atoi(status));
    EXPECT_EQ(answer->header("x-subject-token"), "value");
    EXPECT_EQ(answer->body.size(), status[2] == '4' ? 0U : 3U);
    EXPECT_EQ(server.connections(), 1) << "redirects are not followed";
  }
}

TEST(CurlClient, AnInterimAnswerIsNotTheAnswer) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 103 Early Hints\r\nX-Request-Id: early\r\n\r\n");
    connection.answer("200 OK", "", "X-Request-Id: real\r\n");
  });
  const auto answer = make_client()->send(get(server.url()));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("X-Request-Id"), "real");
}

std::string sent_as(const HttpRequest& request, const CurlOptions& options = {}) {
  std::string seen;
  LoopbackServer server([&](Connection& connection) {
    seen = connection.read_request().value_or("");
    connection.answer("200 OK", "");
  });
  HttpRequest there = request;
  there.url = server.url(request.url);
  EXPECT_TRUE(make_client(options)->send(there));
  return seen;
}

TEST(CurlClient, SendsExactlyWhatItIsGiven) {
  HttpRequest request = get("/a/../b%2Fc//d?x=%7E&y=");
  request.headers = {{"Host", "signed.example:443"}, {"X-Empty", ""}, {"X-One", "a b"}};
  EXPECT_THAT(sent_as(request),
              AllOf(testing::StartsWith("GET /a/../b%2Fc//d?x=%7E&y= HTTP/1.1\r\n"),
                    HasSubstr("Host: signed.example:443\r\n"), HasSubstr("X-Empty:\r\n"),
                    HasSubstr("X-One: a b\r\n"), HasSubstr("User-Agent: ccm-tls\r\n"),
                    Not(HasSubstr("Content-Type")), Not(HasSubstr("Content-Length"))));
}

TEST(CurlClient, BodiesTravelWithEveryMethodThatHasOne) {
  EXPECT_THAT(sent_as(post("/", R"({"a":1})")),
              AllOf(HasSubstr("Content-Length: 7\r\n"), testing::EndsWith("\r\n\r\n{\"a\":1}")));
  EXPECT_THAT(sent_as(post("/", "")),
              AllOf(testing::StartsWith("POST / "), HasSubstr("Content-Length: 0\r\n")));
  EXPECT_THAT(sent_as(post("/", std::string(100'000, 'x'))), Not(HasSubstr("Expect")));
  HttpRequest put{.method = "PUT", .url = "/t", .headers = {{"X-Ttl", "1"}}, .body = {}};
  EXPECT_THAT(sent_as(put), AllOf(testing::StartsWith("PUT /t "), Not(HasSubstr("Content-Type")),
                                  HasSubstr("Content-Length: 0\r\n")));
  HttpRequest remove{.method = "DELETE", .url = "/t", .headers = {}, .body = {}};
  EXPECT_THAT(sent_as(remove), testing::StartsWith("DELETE /t "));
}

TEST(CurlClient, HalfABodyIsNoAnswer) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nSECRET-half");
  });
  EXPECT_THAT(transient_failure(*make_client(), get(server.url())), Not(HasSubstr("SECRET")));
  LoopbackServer chunked([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  });
  transient_failure(*make_client(), get(chunked.url()));
}

TEST(CurlClient, ResetsGarbageAndSilenceAreNoAnswers) {
  LoopbackServer reset([](Connection& connection) {
    connection.read_request();
    connection.reset();
  });
  transient_failure(*make_client(), get(reset.url()));
  LoopbackServer garbage([](Connection& connection) {
    connection.read_request();
    connection.write("\x16\x03\x01 not HTTP at all\r\n\r\n");
  });
  transient_failure(*make_client(), get(garbage.url()));
  LoopbackServer hang([](Connection& connection) { connection.wait_for_end(); });
  HttpRequest patient = get(hang.url());
  patient.total_timeout = 200ms;
  transient_failure(*make_client(), patient);
}

TEST(CurlClient, ADeadPortIsNoAnswer) {
  std::string url;
  {
    LoopbackServer gone(serve_forever);
    url = gone.url();
  }
  transient_failure(*make_client(), get(url));
}

TEST(CurlClient, AddressesOutOfReachAreNotConnectedTo) {
  LoopbackServer server(serve_forever);
  const std::string port = server.url().substr(server.url().rfind(':'));
  const auto client =
      make_client({.ca_pem = {}, .proxy = {}, .reach = Reach::network, .body_limit = 5000});
  // Written as an address, and found under a name.
  for (const char* host : {"127.0.0.1", "127.1", "localhost"}) {
    const auto answer = client->send(get("http://" + std::string(host) + port));
    ASSERT_FALSE(answer) << host;
    EXPECT_THAT(answer.error().message(), HasSubstr("which is not asked")) << host;
  }
  EXPECT_TRUE(
      make_client({.ca_pem = {}, .proxy = {}, .reach = Reach::network_and_host, .body_limit = 5000})
          ->send(get(server.url())));
}

TEST(CurlClient, BehindAProxyOnlyHostsThatAreAddressesAreJudged) {
  LoopbackServer proxy(serve_forever);
  const auto client = make_client(
      {.ca_pem = {}, .proxy = proxy.url(""), .reach = Reach::network, .body_limit = 5000});
  EXPECT_TRUE(client->send(get("http://ocsp.example/x")));
  EXPECT_FALSE(client->send(get("http://127.0.0.1/x")));
  EXPECT_FALSE(client->send(get("http://169.254.169.254/latest")));
}

TEST(CurlClient, AnswersHaveALimit) {
  LoopbackServer server([](Connection& connection) {
    while (connection.read_request()) connection.answer("200 OK", std::string(5000, 'x'));
  });
  const auto client = make_client({.ca_pem = {}, .proxy = {}, .body_limit = 4999});
  EXPECT_THAT(transient_failure(*client, get(server.url())), HasSubstr("larger"));
  EXPECT_EQ(make_client({.ca_pem = {}, .proxy = {}, .body_limit = 5000})
                ->send(get(server.url()))
                ->body.size(),
            5000U);
}

SharedProxyLogin login() {
  return parse_proxy_login(Secret::copy_of(std::string_view("user:open sesame"))).value();
}

TEST(CurlClient, TellsTheProxyAndNobodyElseItsPassword) {
  std::string seen;
  LoopbackServer proxy([&](Connection& connection) {
    seen = connection.read_request().value_or("");
    connection.answer("200 OK", "");
  });
  const auto client = make_client({.ca_pem = {}, .proxy = proxy.url(), .proxy_login = login()});
  ASSERT_TRUE(client->send(get("http://responder.test/")));
  EXPECT_THAT(seen, AllOf(testing::StartsWith("GET http://responder.test/ "),
                          HasSubstr("Proxy-Authorization: Basic dXNlcjpvcGVuIHNlc2FtZQ==\r\n")));
  HttpRequest direct = get(proxy.url());
  direct.bypass_proxy = true;
  ASSERT_TRUE(client->send(direct));
  EXPECT_THAT(seen, Not(HasSubstr("Proxy-Authorization")));
}

TEST(CurlClient, SaysThatTheProxyWantsAPassword) {
  LoopbackServer proxy([](Connection& connection) {
    while (connection.read_request()) {
      connection.answer("407 Proxy Authentication Required", "",
                        "Proxy-Authenticate: Basic realm=\"x\"\r\n");
    }
  });
  for (const std::string url : {"http://responder.test/", "https://cloud.test/"}) {
    const auto without = make_client({.ca_pem = {}, .proxy = proxy.url()});
    EXPECT_THAT(transient_failure(*without, get(url)),
                AllOf(HasSubstr("wants a user and a password (407)"), HasSubstr("file=")));
    const auto with = make_client({.ca_pem = {}, .proxy = proxy.url(), .proxy_login = login()});
    EXPECT_THAT(
        transient_failure(*with, get(url)),
        AllOf(HasSubstr("refuses the user and the password (407)"), Not(HasSubstr("sesame"))));
  }
}

TEST(CurlClient, HeadersHaveALimit) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 400; ++i) connection.write("X-Filler: " + std::string(1000, 'x') + "\r\n");
    connection.write("Content-Length: 0\r\n\r\n");
  });
  transient_failure(*make_client(), get(server.url()));
}

TEST(CurlClient, ConnectionsAreKeptForReadingOnly) {
  LoopbackServer server(serve_forever);
  const auto client = make_client();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->send(get(server.url())));
  EXPECT_EQ(server.connections(), 1);
  ASSERT_TRUE(client->send(post(server.url(), "{}")));
  EXPECT_EQ(server.connections(), 2) << "a kept connection may be dead, and curl would repeat";
}

TEST(CurlClient, WhatChangesSomethingIsSentOnce) {
  std::atomic<int> posts = 0;
  LoopbackServer server([&](Connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->starts_with("POST")) {
        ++posts;
        return;
      }
      connection.answer("200 OK", "");
    }
  });
  const auto client = make_client();
  ASSERT_TRUE(client->send(get(server.url())));
  transient_failure(*client, post(server.url(), "{}"));
  EXPECT_EQ(posts, 1);
}

TEST(CurlClient, ManyThreadsShareOneClient) {
  LoopbackServer server(serve_forever);
  const auto client = make_client();
  std::atomic<int> answers = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) answers += client->send(get(server.url())).has_value() ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(answers, 160);
}

class CurlProxy : public testing::Test {
 protected:
  CurlProxy() {
    for (const auto* name : {"http_proxy", "https_proxy", "all_proxy"}) {
      setenv(name, "http://127.0.0.1:1", 1);
    }
    setenv("no_proxy", "*", 1);
  }
  ~CurlProxy() override {
    for (const auto* name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}) unsetenv(name);
  }
};

TEST_F(CurlProxy, TheEnvironmentHasNoSay) {
  unsetenv("no_proxy");
  LoopbackServer server(serve_forever);
  EXPECT_TRUE(make_client()->send(get(server.url())));
}

TEST_F(CurlProxy, TheConfiguredOneIsUsedUnlessBypassed) {
  std::string seen;
  LoopbackServer proxy([&](Connection& connection) {
    seen = connection.read_request().value_or("");
    connection.answer("200 OK", "from the proxy");
  });
  LoopbackServer server(serve_forever);
  const auto client = make_client({.ca_pem = {}, .proxy = proxy.url("")});
  EXPECT_EQ(client->send(get(server.url("/x")))->body.reveal(), "from the proxy");
  EXPECT_THAT(seen, testing::StartsWith("GET " + server.url("/x")));
  HttpRequest direct = get(server.url());
  direct.bypass_proxy = true;
  EXPECT_EQ(client->send(direct)->body.reveal(), "ok");
}

TEST_F(CurlProxy, ATunnelLearnsNothingButTheHost) {
  std::string seen;
  LoopbackServer proxy([&](Connection& connection) {
    seen = connection.read_request().value_or("");
    connection.answer("403 Forbidden", "");
  });
  HttpRequest request = get("https://127.0.0.1:9/path?q=1");
  request.headers = {{"X-Auth-Token", "TOPSECRET"}};
  const auto client = make_client({.ca_pem = {}, .proxy = proxy.url("")});
  EXPECT_THAT(transient_failure(*client, request), Not(HasSubstr("TOPSECRET")));
  EXPECT_THAT(seen, AllOf(testing::StartsWith("CONNECT 127.0.0.1:9 "), Not(HasSubstr("TOPSECRET")),
                          Not(HasSubstr("path"))));
}

}  // namespace
}  // namespace ccm::cloud
