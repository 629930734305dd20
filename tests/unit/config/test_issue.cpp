// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/sources/scm.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view kApplicant =
    "issue_applicant name=Wang phone=+8613900000000 email=w@example.com\n";

std::string lines(std::string_view global, std::string_view own = "",
                  std::string_view names = "www.example.com") {
  return "region r\ncredentials ecs\n" + std::string(global) + "\ncertificate www\n source scm\n" +
         " names " + std::string(names) + "\n" + std::string(own);
}

std::optional<Issue> issue_of(const std::string& text) {
  const Result<Config> config = configured(text);
  EXPECT_TRUE(config) << problem_of(config);
  return config->certificates().front().source.as<ScmSource>().issue;
}

TEST(Issue, IsOffByDefault) {
  EXPECT_EQ(issue_of(lines("")), std::nullopt);
  EXPECT_EQ(issue_of(lines(std::string(kApplicant))), std::nullopt);
}

TEST(Issue, IsInheritedPieceByPiece) {
  const auto issue = issue_of(
      lines(std::string(kApplicant) + "issue file\nissue_credentials file=/c profile=apply",
            " issue_company name=A country=cn province=B city=C\n key_origin cloud\n"));
  ASSERT_TRUE(issue);
  EXPECT_TRUE(issue->by_file);
  EXPECT_EQ(issue->applicant.phone, "+8613900000000");
  EXPECT_EQ(issue->company->city, "C");
  EXPECT_EQ(issue->key_origin, KeyOrigin::cloud);
  ASSERT_TRUE(issue->credentials);
  EXPECT_EQ(to_string(*issue->credentials), "/c [apply]");
  EXPECT_EQ(issue_of(lines(std::string(kApplicant) + "issue file", " issue off\n")), std::nullopt);
}

TEST(Issue, TheAutomaticMethodDependsOnTheNames) {
  const std::string global = std::string(kApplicant) + "issue auto\nissue_dns hook";
  EXPECT_TRUE(issue_of(lines(global))->by_file);
  EXPECT_FALSE(issue_of(lines(global, "", "*.example.com www.example.org"))->by_file);
  EXPECT_TRUE(issue_of(lines(global, "", "192.0.2.1"))->by_file);
}

TEST(Issue, WhatCannotBeIsOneSentence) {
  const auto problem = [](const std::string& text) { return problem_of(configured(text)); };
  const std::string applicant(kApplicant);
  EXPECT_THAT(problem(lines("issue file")),
              AllOf(HasSubstr("certificate \"www\""), HasSubstr("issue_applicant name=")));
  EXPECT_THAT(problem(lines(applicant + "issue file", "", "*.example.com")),
              HasSubstr("no file proves the wildcard *.example.com"));
  EXPECT_THAT(problem(lines(applicant + "issue dns")), HasSubstr("issue_dns service"));
  EXPECT_THAT(problem(lines(applicant + "issue dns\nissue_dns hook", "", "192.0.2.1")),
              HasSubstr("no DNS record proves the address"));
  EXPECT_THAT(problem(lines("", " issue_dns hook\n")), HasSubstr("has no meaning"));
  EXPECT_THAT(problem(lines(applicant + "issue file", " validity 90d\n")), HasSubstr("validity"));
  EXPECT_THAT(problem("region r\ncredentials ecs\ncertificate a\n source pca issuer=ISSUER\n names "
                      "a.example\n issue file\n"),
              HasSubstr("no meaning with the source pca"));
}

TEST(Issue, EachValueIsChecked) {
  const auto problem = [](const std::string& text) { return problem_of(configured(text)); };
  EXPECT_THAT(problem("issue yes"), HasSubstr("none of off, file, dns and auto"));
  EXPECT_THAT(problem("issue_applicant name=Wu phone=12345 email=w@a.example"),
              HasSubstr("too short"));
  EXPECT_THAT(problem("issue_applicant name=Wang phone=call email=w@a.example"),
              HasSubstr("not a telephone number"));
  EXPECT_THAT(problem("issue_applicant name=Wang phone=12345 email=w"), HasSubstr("e-mail"));
  EXPECT_THAT(problem("issue_applicant name=Wang phone=12345 name=Wang"), HasSubstr("given twice"));
  EXPECT_THAT(problem("issue_applicant name=Wang phone=12345 mail=w@a.example"),
              HasSubstr("is not understood"));
  EXPECT_THAT(problem("issue_company name=A country=China province=B city=C"),
              HasSubstr("two-letter code"));
  EXPECT_THAT(problem("issue_dns nsupdate"), HasSubstr("none of service, cloud and hook"));
}

TEST(Issue, TheZonesMayHaveCredentialsAndAPlaceOfTheirOwn) {
  const std::string global = std::string(kApplicant) + "issue dns\nissue_dns cloud";
  const auto usual = issue_of(lines(global));
  EXPECT_EQ(usual->dns->way, DnsWay::cloud);
  EXPECT_EQ(usual->dns->credentials, std::nullopt);
  const auto own = issue_of(lines(
      global + " region=cn-north-4 file=/c profile=dns endpoint=https://DNS.example.com:8443"));
  EXPECT_EQ(to_string(*own->dns->credentials), "/c [dns]");
  EXPECT_EQ(own->dns->region, "cn-north-4");
  EXPECT_EQ(own->dns->endpoint, "https://dns.example.com:8443");
  EXPECT_EQ(issue_of(lines(global + " ecs"))->dns->credentials, CredentialsSpec(CredentialsEcs{}));
  const auto problem = [&](const std::string& rest) {
    return problem_of(configured(lines(global + rest)));
  };
  EXPECT_THAT(problem(" region=EU"), HasSubstr("region: \"EU\" is not a region"));
  EXPECT_THAT(problem(" region=a region=b"), HasSubstr("\"region=\" is given twice"));
  EXPECT_THAT(problem(" endpoint=http://192.0.2.1/x"), HasSubstr("endpoint: "));
  EXPECT_THAT(
      problem(" zone=example.com"),
      AllOf(HasSubstr("\"zone=example.com\" is not understood after cloud"), HasSubstr("region=")));
  EXPECT_THAT(problem_of(configured("issue_dns hook file=/c")),
              HasSubstr("\"file=/c\" is not understood after hook"));
}

}  // namespace
}  // namespace ccm::config
