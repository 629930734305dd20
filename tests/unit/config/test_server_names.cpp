// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/values/server_names.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ServerNames, AreTakenInOrderOnce) {
  const auto names = certificate_names(
      {"www.Example.com", "example.com", "WWW.example.com.", "*.a.example"}, true, "names");
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, ElementsAre("www.example.com", "example.com", "*.a.example"));
}

TEST(ServerNames, LeadingDotStandsForDomainAndWildcard) {
  EXPECT_THAT(*certificate_names({".example.com"}, true, "names"),
              ElementsAre("example.com", "*.example.com"));
}

TEST(ServerNames, CatchAllsNameNothing) {
  EXPECT_THAT(*certificate_names({"_", "", "*"}, false, "names"), IsEmpty());
}

TEST(ServerNames, SingleLabelsAreForPrivateAuthoritiesOnly) {
  EXPECT_THAT(*certificate_names({"localhost", "www.example.com"}, true, "names"),
              ElementsAre("www.example.com"));
  EXPECT_THAT(*certificate_names({"localhost"}, false, "names"), ElementsAre("localhost"));
  EXPECT_THAT(*certificate_names({"::1", "10.0.0.1"}, true, "names"),
              ElementsAre("::1", "10.0.0.1"));
}

TEST(ServerNames, PatternsCannotBeCertified) {
  for (const char* pattern : {"~^www\\d+\\.example\\.com$", "www.example.*", "~.*", "*.example.*",
                              "w*.example.com", "www?.example.com"}) {
    const auto names = certificate_names({"www.example.com", pattern}, false, "names");
    ASSERT_FALSE(names) << pattern;
    EXPECT_THAT(names.error().message(),
                HasSubstr("is a pattern that no certificate can carry; list the certificate's own "
                          "names with names"));
  }
  EXPECT_FALSE(certificate_names({"a..b"}, false, "names"));
  EXPECT_FALSE(certificate_names({"."}, false, "names"));
}

TEST(ServerNames, ComparableLeavesOutWhatIsNone) {
  EXPECT_THAT(
      comparable_names({"~x", "_", "", "www.example.*", "*", "a..b", ".example.com", "localhost"}),
      ElementsAre("example.com", "*.example.com", "localhost"));
}

TEST(ServerNames, OtherLettersBecomeTheFormThatClientsAskFor) {
  EXPECT_THAT(*certificate_names({"müller.example", "xn--mller-kva.example"}, true, "names"),
              ElementsAre("xn--mller-kva.example"));
  EXPECT_THAT(*certificate_names({".müller.example"}, true, "names"),
              ElementsAre("xn--mller-kva.example", "*.xn--mller-kva.example"));
  EXPECT_THAT(*certificate_names({"[2001:db8::1]"}, true, "names"), ElementsAre("2001:db8::1"));
  EXPECT_THAT(certificate_names({"mül ler.example"}, true, "names").error().message(),
              HasSubstr("has no xn-- form"));
  EXPECT_EQ(asked_for_instead("Müller.example"), "xn--mller-kva.example");
  EXPECT_EQ(asked_for_instead(".müller.example"), ".xn--mller-kva.example");
  for (const char* other : {"www.example.com", "~^mü", "müller.*", "\xff.example"}) {
    EXPECT_FALSE(asked_for_instead(other)) << other;
  }
}

TEST(ServerNames, DerivedCertificateNameIsAFileName) {
  EXPECT_EQ(derived_certificate_name("www.example.com"), "www.example.com");
  EXPECT_EQ(derived_certificate_name("*.example.com"), "_wildcard.example.com");
  EXPECT_EQ(derived_certificate_name("2001:db8::1"), "2001-db8--1");
}

}  // namespace
}  // namespace ccm::config
