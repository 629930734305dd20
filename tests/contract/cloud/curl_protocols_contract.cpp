// SPDX-License-Identifier: Apache-2.0
// What a curl handle may speak. Runs twice: as this system's curl takes it, and in a program of its
// own as an older curl (7.76, of RHEL 9) does.
#include <gtest/gtest.h>

#include "base/handle.h"
#include "cloud/transport/curl_client.h"
#include "cloud/transport/curl_protocols.h"
#include "loopback_server.h"

namespace ccm::cloud {
namespace {

using CurlHandle = Handle<CURL, curl_easy_cleanup>;

CURLcode perform(const std::string& url, Protocols allowed) {
  EXPECT_TRUE(make_curl_client({})) << "it starts curl";
  const CurlHandle handle(curl_easy_init());
  limit_protocols(handle.get(), allowed);
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle.get(), CURLOPT_NOBODY, 1L);
  return curl_easy_perform(handle.get());
}

TEST(CurlProtocols, OnlyThoseThatAreAllowedAreSpoken) {
  test::LoopbackServer server([](test::Connection& connection) {
    connection.read_request();
    connection.answer("204 No Content", "");
  });
  EXPECT_EQ(perform(server.url(), Protocols::https), CURLE_UNSUPPORTED_PROTOCOL);
  EXPECT_EQ(perform(server.url(), Protocols::http_and_https), CURLE_OK);
  for (const Protocols allowed : {Protocols::https, Protocols::http_and_https}) {
    EXPECT_EQ(perform("file:///etc/hostname", allowed), CURLE_UNSUPPORTED_PROTOCOL);
    EXPECT_EQ(perform("ftp://127.0.0.1:1/", allowed), CURLE_UNSUPPORTED_PROTOCOL);
    // Nobody listens there, which only somebody who asks can find out.
    EXPECT_EQ(perform("https://127.0.0.1:1/", allowed), CURLE_COULDNT_CONNECT);
  }
}

}  // namespace
}  // namespace ccm::cloud
