// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/start/site_binder.h"
#include "support/memory_log.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Effect = OtherDirective::Effect;

const config::Origin kOuter{"all.conf", 1};
const config::Origin kLine{"site.conf", 7};
const config::Origin kHost{"site.conf", 5};

CertificateUse use_at(const config::Origin& origin, std::vector<std::string> arguments) {
  return {std::move(arguments), origin};
}

OtherDirective other(std::string name, Effect effect, std::string remark = {}) {
  return {.name = name,
          .text = name,
          .effect = effect,
          .remark = std::move(remark),
          .origin = {"other.conf", 3}};
}

class SiteBinderTest : public testing::Test {
 protected:
  SiteBinderTest() {
    auto& settings = deployment_.settings();
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    for (const std::string name : {"a", "b"}) {
      EXPECT_TRUE(settings.add_certificate(name, {}));
      EXPECT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
      EXPECT_TRUE(settings.set_in(name, "names", {"www.example.com"}, {}));
    }
  }

  Result<CertificateSet*> bind(std::string unseen = {}) {
    return binder_.bind({.outer = outer_,
                         .own = own_,
                         .names = names_,
                         .origin = kHost,
                         .unseen = std::move(unseen)});
  }

  // The names of the certificates that the virtual host shows.
  std::vector<std::string> shown(std::string unseen = {}) {
    auto bound = bind(std::move(unseen));
    EXPECT_TRUE(bound);
    return bound && *bound != nullptr ? (*bound)->names() : std::vector<std::string>{};
  }

  std::string refusal() {
    auto bound = bind();
    return bound ? "" : bound.error().message();
  }

  std::vector<std::string> doubts(Severity severity = Severity::warn) {
    EXPECT_TRUE(deployment_.judge(Deployment::Host::ignored));
    EXPECT_THAT(log_.lines(severity), IsEmpty()) << "said before the host is looked at";
    static_cast<void>(deployment_.judge(Deployment::Host::examined));
    std::vector<std::string> lines;
    for (const std::string& line : log_.lines(severity)) {
      if (line.find(".conf:") != std::string::npos) lines.push_back(line);
    }
    return lines;
  }

  test::MemoryLog log_;
  Deployment deployment_{{}, log_};
  SiteBinder binder_{deployment_};
  Level outer_;
  Level own_;
  std::vector<std::string> names_{"www.example.com"};
};

TEST_F(SiteBinderTest, WhoAsksForNothingHasNoSite) {
  auto bound = bind();
  ASSERT_TRUE(bound);
  EXPECT_EQ(*bound, nullptr);
  EXPECT_FALSE(binder_.first_use());
}

TEST_F(SiteBinderTest, OwnLinesOverrideThoseAround) {
  outer_.uses = {use_at(kOuter, {"a"})};
  own_.uses = {use_at(kLine, {"b"})};
  EXPECT_THAT(shown(), ElementsAre("b"));
  EXPECT_EQ(binder_.first_use()->file, kLine.file);
}

TEST_F(SiteBinderTest, WithoutOwnLinesThoseAroundCount) {
  outer_.uses = {use_at(kOuter, {"a"}), use_at(kOuter, {"b"})};
  EXPECT_THAT(shown(), ElementsAre("a", "b"));
  EXPECT_THAT(shown("there is no TLS"), IsEmpty());
  own_.has_files = true;
  EXPECT_THAT(shown(), IsEmpty());
}

TEST_F(SiteBinderTest, BesideACatalogueFilesAreForNamesThatItLacks) {
  ASSERT_TRUE(deployment_.settings().set("catalogue", {"edge", "source=store"}, {}));
  own_.uses = {use_at(kLine, {"catalogue=edge"})};
  own_.has_files = true;
  auto bound = bind();
  ASSERT_TRUE(bound && *bound != nullptr);
  EXPECT_TRUE((*bound)->has_files());
  EXPECT_EQ((*bound)->catalogue()->name(), "edge");
  EXPECT_THAT(doubts(), IsEmpty());
  // Or a certificate of ours, and then no files.
  own_.uses.push_back(use_at(kLine, {"a"}));
  EXPECT_THAT(refusal(), HasSubstr("exclude each other"));
  own_.has_files = false;
  EXPECT_THAT(shown(), ElementsAre("catalogue=edge", "a"));
  // Files around are not beside it.
  own_.uses.pop_back();
  outer_.has_files = true;
  bound = bind();
  ASSERT_TRUE(bound && *bound != nullptr);
  EXPECT_FALSE((*bound)->has_files());
}

TEST_F(SiteBinderTest, ACatalogueNeedsNoNamesAndThereIsOneAtMost) {
  outer_.uses = {use_at(kOuter, {"catalogue=edge"})};
  names_ = {"_"};
  EXPECT_THAT(shown(), ElementsAre("catalogue=edge"));
  outer_.uses.push_back(use_at(kOuter, {"catalogue=shops"}));
  EXPECT_THAT(refusal(), HasSubstr("two catalogues, \"edge\" and \"shops\""));
}

TEST_F(SiteBinderTest, TheShortFormGivesEachVirtualHostACertificateForItsNames) {
  outer_.uses = {use_at(kOuter, {"source=scm"})};
  EXPECT_THAT(shown(), ElementsAre("www.example.com"));
  names_ = {"shop.example.com"};
  EXPECT_THAT(shown(), ElementsAre("shop.example.com"));
}

TEST_F(SiteBinderTest, AnInheritedCertificateIsWrongAtTheVirtualHost) {
  outer_.uses = {use_at(kOuter, {"a", "b"})};
  EXPECT_THAT(refusal(), HasSubstr("in site.conf:5"));
  own_.uses = {use_at(kLine, {"a", "b"})};
  EXPECT_THAT(refusal(), testing::AllOf(HasSubstr("\"ccm_certificate\": \"b\" follows"),
                                        HasSubstr("in site.conf:7")));
}

TEST_F(SiteBinderTest, OneCertificateIsGivenOnce) {
  own_.uses = {use_at(kLine, {"a"}), use_at(kLine, {"a"})};
  EXPECT_THAT(refusal(), testing::AllOf(HasSubstr("twice"), HasSubstr("in site.conf:7")));
}

TEST_F(SiteBinderTest, WhoInheritsWithoutANameRefusesHandshakes) {
  outer_.uses = {use_at(kOuter, {"source=scm"})};
  names_ = {"_"};
  auto bound = bind();
  ASSERT_TRUE(bound && *bound != nullptr);
  EXPECT_THAT((*bound)->names(), IsEmpty());
  EXPECT_THAT(
      doubts(Severity::notice),
      ElementsAre(testing::AllOf(HasSubstr("refuses TLS handshakes"),
                                 HasSubstr("ssl_reject_handshake"), HasSubstr("in site.conf:5"))));
}

TEST_F(SiteBinderTest, WhoAsksWithoutANameIsWrong) {
  own_.uses = {use_at(kLine, {"source=scm"})};
  names_ = {"_"};
  EXPECT_THAT(refusal(), HasSubstr("in site.conf:7"));
}

TEST_F(SiteBinderTest, SaysThatNobodyIsShownWhatWasAskedFor) {
  own_.uses = {use_at(kLine, {"a"})};
  EXPECT_THAT(shown("there is no TLS"), ElementsAre("a"));
  EXPECT_THAT(doubts(), ElementsAre("nobody is shown the certificate \"a\" here, because there is "
                                    "no TLS in site.conf:7"));
}

TEST_F(SiteBinderTest, FilesInTheSamePlaceExclude) {
  own_.uses = {use_at(kLine, {"a"})};
  own_.has_files = true;
  EXPECT_EQ(refusal(),
            "\"ccm_certificate\" and \"ssl_certificate\" exclude each other; remove "
            "\"ssl_certificate\" and \"ssl_certificate_key\" beside the \"ccm_certificate\" in "
            "site.conf:7");
  own_ = {};
  outer_ = {.uses = {use_at(kOuter, {"a"})}, .others = {}, .has_files = true};
  EXPECT_THAT(refusal(), HasSubstr("in all.conf:1"));
  EXPECT_FALSE(binder_.check(outer_));
  EXPECT_TRUE(binder_.check(own_));
}

TEST_F(SiteBinderTest, FilesAroundAreOverridden) {
  outer_.has_files = true;
  own_.uses = {use_at(kLine, {"a"})};
  EXPECT_THAT(shown(), ElementsAre("a"));
}

TEST_F(SiteBinderTest, WhoDecidesAboutTheCertificateExcludes) {
  own_.uses = {use_at(kLine, {"a"})};
  outer_.others = {other("lua", Effect::excludes, "move it")};
  EXPECT_EQ(refusal(),
            "\"ccm_certificate\" and \"lua\" exclude each other; remove the \"lua\", or move it in "
            "other.conf:3");
  outer_.others = {other("lua", Effect::excludes)};
  EXPECT_THAT(refusal(), HasSubstr("remove the \"lua\" in other.conf:3"));
}

TEST_F(SiteBinderTest, AnOwnDirectiveHidesThatOfTheSameNameAround) {
  own_.uses = {use_at(kLine, {"a"})};
  outer_.others = {other("command", Effect::excludes), other("stapling", Effect::idle, "why")};
  own_.others = {other("command", Effect::none), other("stapling", Effect::none)};
  EXPECT_THAT(shown(), ElementsAre("a"));
  EXPECT_THAT(doubts(), IsEmpty());
}

TEST_F(SiteBinderTest, WhereNothingIsShownNobodyIsExcluded) {
  own_.others = {other("lua", Effect::excludes), other("stapling", Effect::idle, "why")};
  EXPECT_THAT(shown(), IsEmpty());
  EXPECT_THAT(doubts(), IsEmpty());
}

TEST_F(SiteBinderTest, WhatHasNoEffectIsMentionedOnce) {
  own_.uses = {use_at(kLine, {"a"})};
  outer_.others = {other("stapling", Effect::idle, "the agent does that")};
  EXPECT_THAT(shown(), ElementsAre("a"));
  EXPECT_THAT(shown(), ElementsAre("a"));
  EXPECT_THAT(doubts(), ElementsAre("\"stapling\" has no effect on the certificates of "
                                    "\"ccm_certificate\": the agent does that in other.conf:3"));
}

}  // namespace
}  // namespace ccm::server
