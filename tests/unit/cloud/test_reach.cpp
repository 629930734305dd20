// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "cloud/transport/reach.h"

namespace ccm::cloud {
namespace {

sockaddr_storage address(const char* text) {
  sockaddr_storage storage{};
  sockaddr_in inet{};
  sockaddr_in6 inet6{};
  if (inet_pton(AF_INET, text, &inet.sin_addr) == 1) {
    inet.sin_family = AF_INET;
    std::memcpy(&storage, &inet, sizeof inet);
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &inet6.sin6_addr), 1) << text;
    inet6.sin6_family = AF_INET6;
    std::memcpy(&storage, &inet6, sizeof inet6);
  }
  return storage;
}

bool may(Reach reach, const char* text) {
  const sockaddr_storage storage = address(text);
  return may_reach(reach, reinterpret_cast<const sockaddr&>(storage));
}

TEST(Reach, OrdinaryAddressesArePrivateOnesToo) {
  for (const char* text :
       {"93.184.216.34", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "169.255.0.0", "223.255.255.255", "2001:db8::1", "fd00::1",
        "2a00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"}) {
    EXPECT_TRUE(may(Reach::network, text)) << text;
    EXPECT_TRUE(may(Reach::network_and_host, text)) << text;
  }
}

TEST(Reach, ThisHostIsSomethingOfItsOwn) {
  for (const char* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::127.0.0.1",
                           "64:ff9b::7f00:1"}) {
    EXPECT_FALSE(may(Reach::network, text)) << text;
    EXPECT_TRUE(may(Reach::network_and_host, text)) << text;
    EXPECT_TRUE(may(Reach::anywhere, text)) << text;
  }
}

TEST(Reach, SpecialAddressesAreNeverAsked) {
  for (const char* text : {"169.254.169.254", "169.254.0.0", "0.0.0.0", "0.1.2.3", "224.0.0.1",
                           "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "fe80::1",
                           "febf::1", "ff02::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"}) {
    EXPECT_FALSE(may(Reach::network, text)) << text;
    EXPECT_FALSE(may(Reach::network_and_host, text)) << text;
    EXPECT_TRUE(may(Reach::anywhere, text)) << text;
  }
}

TEST(Reach, HostsThatAreAddressesAreJudgedHoweverTheyAreWritten) {
  for (const char* host : {"127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001",
                           "[::1]", "[::ffff:7f00:1]", "localhost", "LocalHost.", "a.localhost"}) {
    EXPECT_FALSE(may_reach_host(Reach::network, host)) << host;
    EXPECT_TRUE(may_reach_host(Reach::network_and_host, host)) << host;
  }
  for (const char* host : {"169.254.169.254", "[fe80::1]", "0"}) {
    EXPECT_FALSE(may_reach_host(Reach::network_and_host, host)) << host;
    EXPECT_TRUE(may_reach_host(Reach::anywhere, host)) << host;
  }
  for (const char* host : {"ocsp.example.com", "10.1.2.3", "[2001:db8::1]", "notlocalhost", ""}) {
    EXPECT_TRUE(may_reach_host(Reach::network, host)) << host;
  }
}

TEST(Reach, AnAddressIsSaidAsPeopleWriteIt) {
  const sockaddr_storage storage = address("::1");
  EXPECT_EQ(address_text(reinterpret_cast<const sockaddr&>(storage)), "::1");
}

}  // namespace
}  // namespace ccm::cloud
