// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/certificate/plain_uri.h"

namespace ccm::crypto {
namespace {

TEST(PlainUri, IsWhatGoAndJavaRead) {
  for (const char* good :
       {"http://a.b/c?d#e", "http://a_b:80", "spiffe://td/x", "urn:uuid:1", "http://[::1]:8080/",
        "http://user@a.b", "https://u:p@a.b:1/x%20y", "ldap:///cn=x?y?z", "mailto:a@b"}) {
    EXPECT_TRUE(is_plain_uri(good)) << good;
  }
  for (const char* bad : {"",
                          "x%20y",
                          "a.b/c",
                          "//a.b/",
                          "../x",
                          ":a",
                          "1a:b",
                          "http:",
                          "http://",
                          "http:#a",
                          "http://a b/",
                          "http://a/%zz",
                          "http://a/%2",
                          "http://[bad",
                          "http://[zz]/",
                          "http://[fe80::1%25eth0]/",
                          "http://a..b/",
                          "http://.a/",
                          "http://a.b:xx/",
                          "http://a%20b/",
                          "http://u^r@a.b/",
                          "http://a.b\\c",
                          "http://a.b/[c]",
                          "http://a.b/<c>",
                          "http://a.b/#c#d",
                          "http://b\xc3\xbc/",
                          "http://a\x01/"}) {
    EXPECT_FALSE(is_plain_uri(bad)) << bad;
  }
}

TEST(PlainUri, NamesItsDomain) {
  EXPECT_EQ(domain_of("https://u:p@a.example:8443/b"), "a.example");
  for (const char* without : {"https://10.0.0.1/", "https://u@10.0.0.1:1/", "https://[::1]/",
                              "urn:x:y", "ldap:///cn=x", "mailto:a@b.example"}) {
    EXPECT_EQ(domain_of(without), "") << without;
  }
}

}  // namespace
}  // namespace ccm::crypto
