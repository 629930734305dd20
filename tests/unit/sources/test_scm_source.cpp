// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "config/sources/scm.h"
#include "scm_fixture.h"
#include "sources/scm/scm_source.h"
#include "support/temp_directory.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using ccm::test::kTestDay;
using ccm::test::kTestNow;
using test::Fault;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class ScmSourceTest : public test::ScmFixture<test::FakeCloud> {
 protected:
  // Every look is later than the lists that the last one left behind.
  Result<Outcome> obtain(bool is_due = false) {
    cloud_.clock.advance(10s);
    return source_.obtain(request(is_due));
  }
  std::string origin(bool is_due = false) { return describe(obtain(is_due)); }
  void put(const std::string& id, int days, std::vector<std::string> names = {"www.example.com"}) {
    cloud_.put({.id = id, .names = std::move(names), .not_after = kTestNow + days * kTestDay});
  }

  void set_uploads(config::Uploads uploads) {
    change([&](config::ScmSource& source) { source.uploads = uploads; });
  }
  void upload(const std::string& id, int days) {
    cloud_.put({.id = id,
                .status = "UPLOAD",
                .names = {"www.example.com"},
                .not_after = kTestNow + days * kTestDay});
  }
  // What an operator's wish leads to.
  std::string wished() {
    cloud_.clock.advance(10s);
    return describe(source_.obtain(request(true, true)));
  }

  ScmSource source_{clients_.scm, store_, cloud_.clock, log_};
};

TEST_F(ScmSourceTest, TakesTheLongestLivedThatCoversEveryName) {
  spec_.names = {"www.example.com", "api.example.com"};
  put("scs1", 50, {"www.example.com", "api.example.com"});
  put("scs2", 80, {"*.example.com"});
  put("scs3", 90, {"www.example.com"});
  put("scs4", 70, {"*.example.com"});
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_EQ(cloud_.count("scm.export"), 1U);
}

TEST_F(ScmSourceTest, TakesImportedOnes) {
  cloud_.put({.id = "scs1", .status = "UPLOAD", .names = {"www.example.com"}});
  EXPECT_EQ(origin(), "scm:scs1");
}

TEST_F(ScmSourceTest, ExportsNothingThatIsInstalled) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs0", 40);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(origin(), "unchanged");
  EXPECT_EQ(cloud_.count("scm.export"), 1U);
}

TEST_F(ScmSourceTest, ComparesFingerprintsAfterARestart) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  ScmSource fresh(clients_.scm, store_, cloud_.clock, log_);
  const Result<Outcome> outcome = fresh.obtain(request());
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(std::holds_alternative<Unchanged>(*outcome));
  EXPECT_EQ(cloud_.count("scm.export"), 1U);
}

TEST_F(ScmSourceTest, FollowsARenewalToItsNewId) {
  put("scs1", 20);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 400);
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_FALSE(last_->current_must_go);
  install();
  EXPECT_EQ(origin(), "unchanged");
}

TEST_F(ScmSourceTest, LooksAgainAtOnceWhenAnOperatorWaits) {
  put("scs1", 50);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 80);
  ObtainRequest asked = request(true);
  EXPECT_TRUE(std::holds_alternative<Unchanged>(source_.obtain(asked).value()));
  asked.is_wanted = true;
  const auto outcome = source_.obtain(asked).value();
  ASSERT_TRUE(std::holds_alternative<Obtained>(outcome));
  EXPECT_EQ(std::get<Obtained>(outcome).origin, "scm:scs2");
}

TEST_F(ScmSourceTest, TellsByTheCertificateWhichOneEndsLater) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  // The hint is within a time zone of the installed end: only an export can tell, and one is
  // enough.
  cloud_.put(
      {.id = "scs2", .names = {"www.example.com"}, .not_after = kTestNow + 90 * kTestDay + 1s});
  cloud_.put({.id = "scs3", .names = {"www.example.com"}, .not_after = kTestNow + 90 * kTestDay});
  EXPECT_EQ(origin(), "scm:scs2");
  install();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(origin(), "unchanged");
  EXPECT_LE(cloud_.count("scm.export"), 3U);
}

TEST_F(ScmSourceTest, ChoosesByKeyTypeAndRemembersIt) {
  cloud_.put({.id = "rsa", .names = {"www.example.com"}, .key_kind = "RSA-2048"});
  cloud_.put({.id = "ecdsa",
              .names = {"www.example.com"},
              .not_after = kTestNow + 30 * kTestDay,
              .key_kind = "P-256"});
  spec_.key = crypto::KeyType{crypto::KeyAlgorithm::ecdsa, 256};
  EXPECT_EQ(origin(), "scm:ecdsa");
  install();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(origin(), "unchanged");
  EXPECT_EQ(cloud_.count("scm.export"), 2U);
}

TEST_F(ScmSourceTest, LooksPastAnyNumberOfOtherKeyTypes) {
  for (int i = 0; i < 6; ++i) {
    cloud_.put(
        {.id = "other" + std::to_string(i), .names = {"www.example.com"}, .key_kind = "P-384"});
  }
  put("ecdsa", 30);
  spec_.key = crypto::KeyType{crypto::KeyAlgorithm::ecdsa, 256};
  EXPECT_EQ(origin(), "scm:ecdsa");
}

TEST_F(ScmSourceTest, PairsWithTheOperatorsKey) {
  cloud_.put({.id = "scs1", .names = {"www.example.com"}, .has_key = false});
  EXPECT_THAT(origin(), AllOf(HasSubstr(": certificate scs1 from SCM"), HasSubstr("keys/")));
  store_.add_operator_key(ccm::test::make_test_key());
  store_.add_operator_key(cloud_.certificate("scs1").key);
  EXPECT_EQ(origin(), "scm:scs1");
}

TEST_F(ScmSourceTest, PairsWithTheInstalledKey) {
  put("scs1", 20);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  const auto again = cloud_.certificate("scs1");
  cloud_.put({.id = "scs2", .names = {"www.example.com"}, .has_key = false, .key = again.key});
  EXPECT_EQ(origin(), "scm:scs2");
}

TEST_F(ScmSourceTest, PassesOverWhatTheGateWouldRefuse) {
  put("scs1", 50);
  cloud_.put({.id = "scs2", .names = {"www.example.com"}, .has_chain = false});
  EXPECT_EQ(origin(), "scm:scs1");
  EXPECT_THAT(log_.text(),
              AllOf(HasSubstr("passed over"), HasSubstr("scs2"), HasSubstr("chain: ")));
  install();
  // A better one that is broken is a failure to be told, and it may heal.
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::invalid);
  cloud_.put({.id = "scs2", .names = {"www.example.com"}});
  EXPECT_EQ(origin(), "scm:scs2");
}

TEST_F(ScmSourceTest, TakesNothingThatHasTheWrongKey) {
  put("scs1", 90);
  cloud_.fail_next("scm.export", Fault::wrong_key);
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::invalid);
  EXPECT_EQ(origin(), "scm:scs1");
}

TEST_F(ScmSourceTest, TriesEveryCandidateBeforeItGivesUp) {
  for (int i = 0; i < 40; ++i) {
    cloud_.put({.id = "bad" + std::to_string(i),
                .names = {"www.example.com"},
                .not_after = kTestNow + (100 + i) * kTestDay,
                .has_chain = false});
  }
  put("good", 50);
  std::string taken;
  int attempts = 0;
  while (taken != "scm:good" && attempts < 5) {
    const std::size_t before = cloud_.count("scm.export");
    taken = origin();
    ++attempts;
    EXPECT_LE(cloud_.count("scm.export") - before, 16U);
  }
  EXPECT_EQ(taken, "scm:good");
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(cloud_.count("scm.export"), 41U);
}

TEST_F(ScmSourceTest, ComesSoonForTheRest) {
  for (int i = 0; i < 20; ++i) {
    cloud_.put({.id = "bad" + std::to_string(i), .names = {"www.example.com"}, .has_chain = false});
  }
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::transient);
  EXPECT_THAT(outcome.error().message(), HasSubstr("goes on with the others"));
  // All were looked at now: it is what they are that has to change.
  const Result<Outcome> second = obtain();
  ASSERT_FALSE(second);
}

// A search that always stops at the sixteenth candidate would never reach the others.
TEST_F(ScmSourceTest, KeepsTheInstalledOneBehindAnyNumberThatWereRefused) {
  put("good", 50);
  ASSERT_EQ(origin(), "scm:good");
  install();
  for (int i = 0; i < 40; ++i) {
    cloud_.put({.id = "bad" + std::to_string(i),
                .names = {"www.example.com"},
                .not_after = kTestNow + (100 + i) * kTestDay,
                .has_chain = false});
  }
  for (int i = 0; i < 2; ++i) EXPECT_THAT(origin(), HasSubstr("goes on with the others"));
  const std::size_t exports = cloud_.count("scm.export");
  for (int i = 0; i < 3; ++i) {
    const std::size_t shown = cloud_.count("scm.show");
    const Result<Outcome> outcome = obtain();
    ASSERT_FALSE(outcome) << "a better one that is broken is a failure to be told";
    EXPECT_EQ(outcome.error().kind(), ErrorKind::invalid) << "not one that passes by itself";
    EXPECT_THAT(outcome.error().message(),
                AllOf(HasSubstr("40 certificates of SCM that cover the names were refused, and the "
                                "installed one stays"),
                      HasSubstr("chain: ")));
    EXPECT_LE(cloud_.count("scm.show") - shown, 17U);
  }
  EXPECT_EQ(cloud_.count("scm.export"), exports + 8U) << "each once";
  // Another one counts at once, behind whatever was refused.
  put("new", 60);
  EXPECT_EQ(origin(), "scm:new");
}

TEST_F(ScmSourceTest, ExportsWhatWasRefusedOnlyOncePerCheck) {
  cloud_.put({.id = "scs2", .names = {"www.example.com"}, .has_chain = false});
  for (int i = 0; i < 5; ++i) EXPECT_THAT(origin(), HasSubstr("chain: "));
  EXPECT_EQ(cloud_.count("scm.export"), 1U);
  EXPECT_THAT(wished(), HasSubstr("chain: "));
  EXPECT_EQ(cloud_.count("scm.export"), 2U);
  cloud_.clock.advance(spec_.check_interval);
  EXPECT_THAT(origin(), HasSubstr("chain: "));
  EXPECT_EQ(cloud_.count("scm.export"), 3U);
}

TEST_F(ScmSourceTest, PassesOverOneThatCannotBeExported) {
  put("scs1", 50);
  for (const Fault fault : {Fault::server_error, Fault::forbidden, Fault::garbage}) {
    cloud_.put({.id = "scs2", .names = {"www.example.com"}, .export_fault = fault});
    EXPECT_EQ(origin(), "scm:scs1");
  }
  cloud_.put({.id = "scs2", .names = {"www.example.com"}, .show_fault = Fault::no_status});
  EXPECT_EQ(origin(), "scm:scs1");
  install();
  cloud_.put({.id = "scs2", .names = {"www.example.com"}});
  EXPECT_EQ(origin(), "scm:scs2");
}

TEST_F(ScmSourceTest, GoesOnBehindManyThatCannotBeExported) {
  for (int i = 0; i < 5; ++i) {
    cloud_.put({.id = "bad" + std::to_string(i),
                .names = {"www.example.com"},
                .export_fault = Fault::server_error});
  }
  put("good", 50);
  std::string taken;
  for (int attempts = 0; taken != "scm:good" && attempts < 3; ++attempts) {
    const std::size_t before = cloud_.count("scm.export");
    taken = origin();
    EXPECT_LE(cloud_.count("scm.export") - before, 3U);
  }
  EXPECT_EQ(taken, "scm:good");
}

TEST_F(ScmSourceTest, ReadsTheEntireCertificateWhenThereIsNoChain) {
  cloud_.put({.id = "scs1", .names = {"www.example.com"}, .has_entire = true});
  EXPECT_EQ(origin(), "scm:scs1");
  EXPECT_EQ(last_->bundle.chain().size(), 2U);
}

TEST_F(ScmSourceTest, OrdersEqualOnesByTheirId) {
  put("scs1", 90);
  put("scs3", 90);
  put("scs2", 90);
  EXPECT_EQ(origin(), "scm:scs3");
}

TEST_F(ScmSourceTest, TakesAReissueWithTheSameEndWhenAnOperatorAsks) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 90);
  EXPECT_EQ(origin(true), "unchanged");
  EXPECT_EQ(wished(), "scm:scs2");
  install();
  EXPECT_EQ(wished(), "unchanged");
  // Under the same id, too, and under one that is smaller but was issued later.
  put("scs2", 90);
  EXPECT_EQ(wished(), "scm:scs2");
  install();
  cloud_.put({.id = "scs0",
              .names = {"www.example.com"},
              .not_after = kTestNow + 90 * kTestDay,
              .not_before = kTestNow - 60s});
  EXPECT_EQ(wished(), "scm:scs0");
}

TEST_F(ScmSourceTest, NeverGoesToOneThatEndsSoonerUnasked) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 60);
  cloud_.remove("scs1");
  EXPECT_EQ(origin(true), "unchanged");
  EXPECT_EQ(wished(), "scm:scs2");
  EXPECT_TRUE(last_->may_end_sooner);
}

TEST_F(ScmSourceTest, StaysWhenWhatIsLeftIsDueItself) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  cloud_.put({.id = "scs2",
              .names = {"www.example.com"},
              .not_after = kTestNow + 20 * kTestDay,
              .not_before = kTestNow - 200 * kTestDay});
  cloud_.remove("scs1");
  EXPECT_EQ(wished(), "unchanged");
}

TEST_F(ScmSourceTest, PutsWhatWasIssuedBeforeUploads) {
  put("scs1", 50);
  upload("scs2", 400);
  EXPECT_EQ(origin(), "scm:scs1");
  install();
  EXPECT_EQ(origin(), "unchanged");
  EXPECT_EQ(wished(), "unchanged");
  EXPECT_EQ(cloud_.count("scm.export"), 1U);
}

TEST_F(ScmSourceTest, TakesAnUploadWhenNothingIssuedIsOfUse) {
  cloud_.put({.id = "scs1", .names = {"www.example.com"}, .has_chain = false});
  upload("scs2", 50);
  EXPECT_EQ(origin(), "scm:scs2");
  install();
  upload("scs3", 80);
  EXPECT_EQ(origin(), "scm:scs3");  // an upload's successor
}

TEST_F(ScmSourceTest, TakesAnUploadWhenTheIssuedOneIsDueWithoutSuccessor) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  upload("scs2", 400);
  EXPECT_EQ(origin(), "unchanged");
  cloud_.clock.advance(80 * kTestDay);
  EXPECT_EQ(origin(true), "scm:scs2");
}

TEST_F(ScmSourceTest, ComesBackFromAnUploadToWhatWasIssued) {
  upload("scs1", 400);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  EXPECT_EQ(origin(), "unchanged");
  put("scs2", 90);
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_TRUE(last_->may_end_sooner);
  install();
  EXPECT_EQ(origin(), "unchanged");
}

TEST_F(ScmSourceTest, TreatsUploadsAsAnyOtherWhenTold) {
  set_uploads(config::Uploads::on);
  put("scs1", 50);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  upload("scs2", 400);
  EXPECT_EQ(origin(), "scm:scs2");
  install();
  put("scs3", 90);
  EXPECT_EQ(origin(), "unchanged");
}

TEST_F(ScmSourceTest, TakesNoUploadWhenTold) {
  set_uploads(config::Uploads::off);
  upload("scs1", 90);
  EXPECT_THAT(origin(), AllOf(HasSubstr("of no use: scs1 (UPLOAD)"), HasSubstr("uploads=off")));
  put("scs2", 30);
  EXPECT_EQ(origin(), "scm:scs2");
}

TEST_F(ScmSourceTest, PassesOverWhatOtherAuthoritiesIssuedAndNamesIt) {
  const auto other = ccm::test::make_test_intermediate(ccm::test::make_test_root(), "Other CA");
  change([&](config::ScmSource& source) { source.issuers = {"No CA", "test issuing ca"}; });
  cloud_.put({.id = "scs9",
              .names = {"www.example.com"},
              .not_after = kTestNow + 400 * kTestDay,
              .issuer = &other});
  EXPECT_THAT(origin(), AllOf(HasSubstr("certificate scs9 from SCM: issuer: it was issued by "),
                              HasSubstr("CN=Other CA"),
                              HasSubstr("issuers= of the source names No CA, test issuing ca")));
  put("scs1", 30);
  EXPECT_EQ(origin(), "scm:scs1");
  install();
  EXPECT_EQ(origin(), "unchanged");
  // What is not wanted is no trouble then, and nobody asks for it at every look.
  EXPECT_EQ(cloud_.count("scm.export"), 2U);
  for (int i = 10; i < 40; ++i) {
    cloud_.put({.id = "scs" + std::to_string(i),
                .names = {"www.example.com"},
                .not_after = kTestNow + 400 * kTestDay,
                .issuer = &other});
  }
  for (int look = 0; look < 3; ++look) static_cast<void>(origin());
  const std::size_t before = cloud_.count("scm.show");
  EXPECT_EQ(origin(), "unchanged");
  EXPECT_LE(cloud_.count("scm.show") - before, 1U);
  EXPECT_EQ(cloud_.count("scm.export"), 32U);
}

TEST_F(ScmSourceTest, TakesOnlyWhatEndsAtAGivenAuthority) {
  const ccm::test::TempDirectory directory;
  const auto other = ccm::test::make_test_intermediate(ccm::test::make_test_root(), "Other CA");
  change([&](config::ScmSource& source) {
    source.trust = config::TrustPolicy::file;
    source.trust_file = (directory / "roots.pem").string();
  });
  put("scs1", 30);
  EXPECT_THAT(origin(), AllOf(HasSubstr("trust: the file of the source's trust= "),
                              HasSubstr("cannot be used: No such file")));
  directory.write("roots.pem", other.certificate.to_pem());
  EXPECT_THAT(origin(), HasSubstr("its chain does not end at a certificate of "));
  cloud_.put({.id = "scs2", .names = {"www.example.com"}, .issuer = &other});
  EXPECT_EQ(origin(), "scm:scs2");
}

TEST_F(ScmSourceTest, WhatDoesNotFitANewPolicyServesUntilSomethingDoes) {
  const auto other = ccm::test::make_test_intermediate(ccm::test::make_test_root(), "Other CA");
  put("scs1", 300);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  change([&](config::ScmSource& source) { source.issuers = {"Other CA"}; });
  EXPECT_THAT(origin(), AllOf(HasSubstr("the installed certificate is not what the source asks for "
                                        "(issuer: it was issued by "),
                              HasSubstr("of no use: scs1 (ISSUED)")));
  // Though it ends sooner.
  cloud_.put({.id = "scs2",
              .names = {"www.example.com"},
              .not_after = kTestNow + 60 * kTestDay,
              .issuer = &other});
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_FALSE(last_->current_must_go);
  EXPECT_TRUE(policy::admit(as_candidate(request(), *last_), cloud_.clock.now()));
  install();
  EXPECT_EQ(origin(), "unchanged");
}

// What another source or an operator brought is not SCM's to judge.
TEST_F(ScmSourceTest, ThePolicyIsNotForWhatWasImported) {
  put("scs1", 300);
  ASSERT_EQ(origin(), "scm:scs1");
  last_->origin = "import";
  install();
  cloud_.remove("scs1");
  change([&](config::ScmSource& source) { source.issuers = {"Other CA"}; });
  EXPECT_EQ(origin(), "unchanged");
}

TEST_F(ScmSourceTest, AsksForFewOfTenThousandThatAreOfNoUse) {
  const auto leaf = ccm::test::make_test_self_signed({.names = {"www.example.com"}});
  for (int i = 0; i < 10'000; ++i) {
    cloud_.put({.id = "scs" + std::to_string(10'000 + i),
                .names = {"www.example.com"},
                .not_after = kTestNow + kTestDay * 90 + Seconds(i),
                .leaf = leaf});
  }
  std::size_t exports = 0;
  for (int attempt = 1; attempt <= 5; ++attempt) {
    const std::size_t before = cloud_.count_all();
    EXPECT_THAT(origin(), HasSubstr("the next attempt goes on with the others"));
    EXPECT_LE(cloud_.count("scm.export") - exports, 16U) << "attempt " << attempt;
    // Lists, and for each that is looked at its details and its export.
    EXPECT_LE(cloud_.count_all() - before, 45U) << "attempt " << attempt;
    exports = cloud_.count("scm.export");
  }
  EXPECT_EQ(exports, 5 * 16U) << "every attempt goes on with the others";
}

TEST_F(ScmSourceTest, MatchesInternationalisedNamesHoweverTheyAreWritten) {
  spec_.names = {"xn--mller-kva.example"};
  for (const std::string name : {"m\xc3\xbcller.example", "M\xc3\x9cLLER.example",
                                 "mu\xcc\x88ller.example", "xn--mller-kva.example."}) {
    cloud_.put({.id = "scs1", .names = {"xn--mller-kva.example"}, .listed_name = name});
    EXPECT_EQ(origin(), "scm:scs1") << name;
  }
}

TEST_F(ScmSourceTest, SaysWhatItFoundWhenNothingFits) {
  EXPECT_THAT(origin(), AllOf(HasSubstr("www.example.com"), HasSubstr("none at all")));
  put("scs1", 90, {"other.example.com"});
  const Result<Outcome> outcome = obtain();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(outcome.error().message(), HasSubstr("scs1 (ISSUED: other.example.com)"));
  put("scs1", 90, {});
  EXPECT_THAT(origin(), HasSubstr("scs1 (ISSUED: no name)"));
  cloud_.put({.id = "scs2", .status = "EXPIRED", .names = {"www.example.com"}});
  EXPECT_THAT(origin(), HasSubstr("of no use: scs2 (EXPIRED)"));
}

TEST_F(ScmSourceTest, WaitsForWhatIsInReview) {
  cloud_.put({.id = "scs1", .status = "CHECKING_DOMAIN", .names = {"www.example.com"}});
  const Result<Outcome> outcome = obtain();
  ASSERT_TRUE(outcome) << outcome.error().message();
  const Pending& pending = std::get<Pending>(*outcome);
  EXPECT_THAT(pending.reason, HasSubstr("scs1: CHECKING_DOMAIN"));
  EXPECT_EQ(pending.retry_at, cloud_.clock.now() + 15min);
  cloud_.set_status("scs1", "ISSUED");
  EXPECT_EQ(origin(), "scm:scs1");
}

TEST_F(ScmSourceTest, WaitsForASuccessorInReviewOnlyWhenDue) {
  put("scs1", 20);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  cloud_.put({.id = "scs2", .status = "ISSUING", .names = {"www.example.com"}});
  EXPECT_EQ(origin(false), "unchanged");
  EXPECT_THAT(origin(true), HasSubstr("pending: scs2: ISSUING"));
}

TEST_F(ScmSourceTest, TakesTheOldFormOfOneThatIsGettingNames) {
  cloud_.put({.id = "scs1", .status = "SUPPLEMENTCHECKING", .names = {"www.example.com"}});
  EXPECT_EQ(origin(), "scm:scs1");
}

TEST_F(ScmSourceTest, ReplacesARevokedOneByWhateverThereIs) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 30);
  EXPECT_EQ(origin(), "unchanged");
  cloud_.set_status("scs1", "REVOKED");
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_TRUE(last_->current_must_go);
}

TEST_F(ScmSourceTest, TellsOfARevocation) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  std::string said;
  ObtainRequest asked = request();
  asked.on_revoked = [&said](std::string_view service) { said += service; };
  EXPECT_FALSE(*source_.must_go(asked));
  EXPECT_EQ(said, "");
  cloud_.set_status("scs1", "REVOKED");
  cloud_.clock.advance(10s);
  EXPECT_TRUE(*source_.must_go(asked));
  EXPECT_EQ(said, "SCM");
}

TEST_F(ScmSourceTest, KeepsOneThatWasDeletedInTheCloud) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  cloud_.remove("scs1");
  EXPECT_EQ(origin(), "unchanged");
  EXPECT_THAT(origin(true), "unchanged");
}

TEST_F(ScmSourceTest, ReplacesWhatPcaGave) {
  put("scs1", 90);
  ASSERT_EQ(origin(), "scm:scs1");
  last_->origin = "pca:ca/1";
  install();
  put("scs2", 30);
  cloud_.remove("scs1");
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_TRUE(last_->current_must_go);
}

TEST_F(ScmSourceTest, PassesTransientFailuresOn) {
  put("scs1", 90);
  for (const std::string operation : {"scm.list", "scm.show", "scm.export"}) {
    for (const Fault fault : {Fault::lost_answer, Fault::server_error, Fault::garbage}) {
      cloud_.fail_next(operation, fault);
      const Result<Outcome> outcome = obtain();
      ASSERT_FALSE(outcome) << operation;
      EXPECT_EQ(outcome.error().kind(), ErrorKind::transient) << outcome.error().message();
    }
    cloud_.fail_next(operation, Fault::throttled);
    const Result<Outcome> outcome = obtain();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().retry_after(), 120s);
  }
  EXPECT_EQ(origin(), "scm:scs1");
}

TEST_F(ScmSourceTest, ListsOnceForManyThreads) {
  constexpr int kThreads = 8;
  for (int i = 0; i < 100; ++i) put(std::to_string(i), 90, {std::to_string(i) + ".example.com"});
  std::atomic<int> found = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 100; i += kThreads) {
        const config::CertificateSpec spec =
            test::scm_spec({}, {std::to_string(i) + ".example.com"});
        const Result<Outcome> outcome = source_.obtain(
            {.spec = spec, .current = nullptr, .is_due = true, .lease = *lease_, .now = kTestNow});
        if (outcome && std::holds_alternative<Obtained>(*outcome)) ++found;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, 100);
  EXPECT_EQ(cloud_.count("scm.list"), 3U);  // two pages of ISSUED, one of UPLOAD, and no more
}

class PinnedScmSourceTest : public ScmSourceTest {
 protected:
  PinnedScmSourceTest() { spec_ = test::scm_spec("scs1"); }
};

TEST_F(PinnedScmSourceTest, TakesTheGivenOneThoughABetterOneExists) {
  put("scs1", 80);
  put("scs2", 90);
  EXPECT_EQ(origin(), "scm:scs1");
  install();
  const std::size_t before = cloud_.count_all();
  EXPECT_EQ(origin(), "unchanged");
  EXPECT_EQ(cloud_.count_all(), before + 1);
}

TEST_F(PinnedScmSourceTest, FollowsASuccessorWhenDueAndSaysSo) {
  put("scs1", 80);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  cloud_.clock.advance(75 * kTestDay);
  EXPECT_EQ(origin(true), "unchanged");
  put("scs2", 400);
  EXPECT_EQ(origin(true), "scm:scs2");
  EXPECT_THAT(log_.text(), AllOf(HasSubstr("scs2"), HasSubstr("succeeds the configured id scs1")));
  install();
  // And stays with it.
  EXPECT_EQ(origin(), "unchanged");
  cloud_.set_status("scs1", "EXPIRED");
  EXPECT_EQ(origin(), "unchanged");
  cloud_.remove("scs1");
  EXPECT_EQ(origin(), "unchanged");
}

TEST_F(PinnedScmSourceTest, FollowsWhenTheGivenOneIsOfNoUse) {
  cloud_.put({.id = "scs1", .status = "REVOKED", .names = {"www.example.com"}});
  EXPECT_THAT(origin(), HasSubstr("of no use: scs1 (REVOKED)"));
  put("scs2", 90);
  EXPECT_EQ(origin(), "scm:scs2");
}

TEST_F(PinnedScmSourceTest, TakesAnotherWhenTheGivenOneIsBroken) {
  put("scs2", 60);
  for (const Fault fault : {Fault::server_error, Fault::garbage}) {
    cloud_.put({.id = "scs1", .names = {"www.example.com"}, .export_fault = fault});
    EXPECT_EQ(origin(), "scm:scs2");
  }
  cloud_.put({.id = "scs1", .names = {"www.example.com"}, .show_fault = Fault::no_status});
  EXPECT_EQ(origin(), "scm:scs2");
  cloud_.remove("scs2");
  EXPECT_THAT(origin(), HasSubstr("the answer names no status"));
}

TEST_F(PinnedScmSourceTest, MayBeAnUpload) {
  upload("scs1", 200);
  put("scs2", 90);
  set_uploads(config::Uploads::off);
  EXPECT_EQ(origin(), "scm:scs1");
  install();
  EXPECT_EQ(origin(), "unchanged");
  EXPECT_EQ(wished(), "unchanged");
}

TEST_F(PinnedScmSourceTest, LeavesARevokedOne) {
  put("scs1", 80);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 30);
  cloud_.set_status("scs1", "REVOKING");
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_TRUE(last_->current_must_go);
}

TEST_F(PinnedScmSourceTest, ObeysAnotherId) {
  put("scs1", 80);
  ASSERT_EQ(origin(), "scm:scs1");
  install();
  put("scs2", 60);
  spec_ = test::scm_spec("scs2");
  EXPECT_EQ(origin(), "scm:scs2");
  EXPECT_TRUE(last_->current_must_go);
}

TEST_F(PinnedScmSourceTest, WaitsAndComplains) {
  EXPECT_THAT(origin(), StartsWith("rejected: "));
  cloud_.put({.id = "scs1", .status = "PAID", .names = {}});
  EXPECT_THAT(origin(), HasSubstr("pending: scs1: PAID"));
  cloud_.put({.id = "scs1", .status = "CHECKING", .names = {"www.example.com"}});
  EXPECT_THAT(origin(), HasSubstr("pending: scs1: CHECKING"));
  cloud_.put({.id = "scs1", .names = {"other.example.com"}});
  EXPECT_THAT(origin(), AllOf(StartsWith("invalid: "), HasSubstr("names: ")));
}

}  // namespace
}  // namespace ccm::sources
