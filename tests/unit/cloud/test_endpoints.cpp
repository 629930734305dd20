// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "cloud/transport/endpoints.h"

namespace ccm::cloud {
namespace {

TEST(Endpoints, OneRegionNameGivesTheHostsOfItsSite) {
  const auto china = endpoints_for("cn-north-4", {});
  EXPECT_EQ(china.iam, "https://iam.cn-north-4.myhuaweicloud.com");
  EXPECT_EQ(china.scm, "https://scm.cn-north-4.myhuaweicloud.com");
  EXPECT_EQ(china.pca, "https://ccm.cn-north-4.myhuaweicloud.com");
  for (const auto* region : {"ap-southeast-1", "ap-southeast-3", "la-south-2"}) {
    const auto international = endpoints_for(region, {});
    EXPECT_EQ(international.scm, "https://scm.ap-southeast-1.myhuaweicloud.com") << region;
    EXPECT_EQ(international.pca, "https://ccm.ap-southeast-3.myhuaweicloud.com") << region;
  }
  EXPECT_EQ(endpoints_for("cn-east-3", {}).scm, china.scm);
}

TEST(Endpoints, SpecialRegions) {
  EXPECT_EQ(endpoints_for("eu-west-101", {}).iam, "https://iam.eu-west-101.myhuaweicloud.eu");
  EXPECT_EQ(endpoints_for("eu-west-101", {}).scm, "") << "no SCM is known there";
  EXPECT_EQ(endpoints_for("eu-west-101", {}).pca, "https://ccm.eu-west-101.myhuaweicloud.com");
  EXPECT_EQ(endpoints_for("sa-brazil-1", {}).pca, "https://ccm.myhuaweicloud.com");
  EXPECT_EQ(endpoints_for("my-kualalumpur-1", {}).scm,
            "https://scm.my-kualalumpur-1.myhuaweicloud.com");
  EXPECT_EQ(endpoints_for("", {}).iam, "https://iam.myhuaweicloud.com");
  EXPECT_EQ(endpoints_for("", {}).scm, "");
}

TEST(Endpoints, KnowsEveryRegionThatHasAServiceOfItsOwn) {
  const auto regions = known_regions();
  for (const std::string_view region :
       {"cn-north-4", "ap-southeast-1", "ap-southeast-3", "eu-west-101", "ru-moscow-1",
        "my-kualalumpur-1", "sa-brazil-1"}) {
    EXPECT_NE(std::find(regions.begin(), regions.end(), region), regions.end()) << region;
  }
}

TEST(Endpoints, OverridesWinFieldByField) {
  const auto mixed = endpoints_for(
      "cn-north-4", {.iam = {}, .scm = "https://127.0.0.1:8443/", .pca = "pca.example.com"});
  EXPECT_EQ(mixed.iam, "https://iam.cn-north-4.myhuaweicloud.com");
  EXPECT_EQ(mixed.scm, "https://127.0.0.1:8443");
  EXPECT_EQ(mixed.pca, "https://pca.example.com");
}

TEST(SplitUrl, TakesHostsPortsAndPathsApart) {
  const auto parts = split_url("https://[::1]:8443/base/");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->authority, "[::1]:8443");
  EXPECT_EQ(parts->host, "[::1]");
  EXPECT_EQ(parts->path, "/base");
  EXPECT_EQ(split_url("https://[::1]")->host, "[::1]");
  EXPECT_EQ(split_url("https://a.example:443")->authority, "a.example:443");
}

TEST(SplitUrl, RefusesEverythingElse) {
  for (const auto* url :
       {"", "scm.example.com", "ftp://a", "https://", "https:///path", "https://user@host",
        "https://host?x=1", "https://host/#f", "https://ho st", "https://host\r\nX: y"}) {
    const auto parts = split_url(url);
    ASSERT_FALSE(parts) << url;
    EXPECT_EQ(parts.error().kind(), ErrorKind::invalid);
  }
}

TEST(SafeEndpoint, CredentialsTravelEncryptedOrNotAtAll) {
  EXPECT_TRUE(require_safe_endpoint("https://scm.example.com"));
  EXPECT_TRUE(require_safe_endpoint("http://127.0.0.1:8080"));
  EXPECT_TRUE(require_safe_endpoint("http://[::1]:8080"));
  EXPECT_TRUE(require_safe_endpoint("http://localhost"));
  EXPECT_FALSE(require_safe_endpoint("http://scm.example.com"));
  EXPECT_FALSE(require_safe_endpoint("http://127.0.0.1.example.com"));
  EXPECT_FALSE(require_safe_endpoint("http://localhost.example.com"));
  EXPECT_FALSE(require_safe_endpoint("http://169.254.169.254"));
}

TEST(MetadataEndpoint, OnlyOnThisLink) {
  EXPECT_TRUE(require_metadata_endpoint("http://169.254.169.254"));
  EXPECT_TRUE(require_metadata_endpoint("http://127.0.0.1:81"));
  EXPECT_TRUE(require_metadata_endpoint("http://[fe80::a9fe:a9fe]"));
  EXPECT_FALSE(require_metadata_endpoint("http://169.254.169.254.example.com"));
  EXPECT_FALSE(require_metadata_endpoint("http://10.0.0.1"));
}

}  // namespace
}  // namespace ccm::cloud
