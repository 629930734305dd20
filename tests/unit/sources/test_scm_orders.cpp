// SPDX-License-Identifier: Apache-2.0
// Orders at SCM: from what was paid for to what is installed, whatever is lost on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "config/sources/scm.h"
#include "scm_fixture.h"
#include "sources/scm/scm_order.h"
#include "sources/scm/scm_source.h"
#include "sources/scm/scm_stock.h"
#include "stock_cloud.h"
#include "store/proof_record.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using ccm::test::kTestDay;
using ccm::test::kTestNow;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const config::Issue kByFile{
    .applicant = {.name = "Wang Wu", .phone = "+8613900000000", .email = "w@example.com"}};

cloud::ScmProof file_proof(const std::string& value) {
  return {.domain = "www.example.com",
          .record_type = "FILE",
          .record_name = "fileauth.txt",
          .record_value = value};
}

class ScmOrdersTest : public test::ScmFixture<test::StockCloud> {
 protected:
  void SetUp() override {
    change([](config::ScmSource& source) { source.issue = kByFile; });
    spec_.key = crypto::KeyType{crypto::KeyAlgorithm::ecdsa, 256};
    cloud_.stock["scs2"] = {};
    cloud_.stock["scs1"] = {};
  }

  // An agent that remembers nothing.
  ScmSource agent() { return {clients_.scm, store_, cloud_.clock, log_, {.look = look_}}; }
  // What one more attempt comes to.
  std::string attempt() {
    cloud_.clock.advance(10s);
    ScmSource source = agent();
    return describe(source.obtain(request(is_due_, is_wanted_)));
  }
  void tell_installed() {
    ScmSource source = agent();
    ASSERT_TRUE(source.installed(request()));
  }
  std::optional<ScmOrder> order() { return read_scm_order(store_, "www").value(); }
  std::vector<store::FileProof> files() { return store::read_file_proofs(store_, "www").value(); }
  void issue(const std::string& id, Time not_after = kTestNow + 90 * kTestDay) {
    cloud_.issue(id, order()->key.value(), not_after);
  }

  ProofLook look_;
  bool is_due_ = false;
  bool is_wanted_ = false;
};

TEST_F(ScmOrdersTest, FromStockToInstalledWithoutAHand) {
  EXPECT_THAT(attempt(), AllOf(StartsWith("pending: scs1: CHECKING"), HasSubstr("how the names")));
  EXPECT_THAT(files(), IsEmpty());
  cloud_.stock["scs1"].proofs = {file_proof("value-1")};
  EXPECT_THAT(attempt(), HasSubstr("http://www.example.com/.well-known/pki-validation/fileauth"));
  ASSERT_THAT(files(), SizeIs(1));
  EXPECT_EQ(files().front().value, "value-1");
  // The authority asks for another value.
  cloud_.stock["scs1"].proofs = {file_proof("value-2")};
  attempt();
  EXPECT_EQ(files().front().value, "value-2");
  issue("scs1");
  EXPECT_EQ(attempt(), "scm:scs1");
  install();
  tell_installed();
  EXPECT_EQ(order(), std::nullopt);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(attempt(), "unchanged");
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, ItLooksBeforeItWaits) {
  std::vector<std::string> looks;
  look_.file = [&](const std::string& domain, const std::string& file, const std::string& value) {
    looks.push_back(domain + " " + file + " " + value);
    return fail(ErrorKind::pending, "something else is there");
  };
  cloud_.stock["scs1"].proofs = {file_proof("value-1")};
  EXPECT_EQ(attempt(), "pending: scs1: CHECKING: something else is there");
  EXPECT_THAT(looks, testing::ElementsAre("www.example.com fileauth.txt value-1"));
  // What cannot be looked at from here may be seen from outside.
  look_.file = [](const std::string&, const std::string&, const std::string&) {
    return fail(ErrorKind::transient, "no route");
  };
  EXPECT_THAT(attempt(), HasSubstr("the authority has yet to look"));
}

TEST_F(ScmOrdersTest, NothingIsAppliedForUnlessTheSettingsSaySo) {
  change([](config::ScmSource& source) { source.issue.reset(); });
  EXPECT_THAT(attempt(), StartsWith("rejected: SCM has no usable certificate"));
  EXPECT_EQ(cloud_.applications, 0U);
}

TEST_F(ScmOrdersTest, TheApplicationSaysWhatTheSettingsSay) {
  attempt();
  const std::string sent = cloud_.stock["scs1"].application;
  for (const char* part :
       {R"("domain":"www.example.com")", R"("domain_method":"FILE")", "Wang Wu", "+8613900000000",
        "w@example.com", "BEGIN CERTIFICATE REQUEST", R"("agree_privacy_protection":true)"}) {
    EXPECT_THAT(sent, HasSubstr(part));
  }
}

TEST_F(ScmOrdersTest, ALostAnswerLeadsToNoSecondApplication) {
  cloud_.loses_answer = true;
  EXPECT_THAT(attempt(), StartsWith("transient"));
  const auto key = order()->key;
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_EQ(cloud_.applications, 1U);
  EXPECT_TRUE(order()->key->has_same_public_key(*key));
  issue("scs1");
  EXPECT_EQ(attempt(), "scm:scs1");
}

TEST_F(ScmOrdersTest, ALostApplicationIsSentAgain) {
  cloud_.loses_request = true;
  EXPECT_THAT(attempt(), StartsWith("transient"));
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, WhatWasNotSentYetFollowsTheSettings) {
  cloud_.loses_request = true;
  attempt();
  cloud_.stock["scs0"] = {.domain_type = "WILDCARD", .wildcard_count = 1};
  spec_.names = {"*.example.com"};
  change([](config::ScmSource& source) {
    source.issue->by_file = false;
    source.issue->dns = config::DnsWriter{.way = config::DnsWay::hook};
  });
  EXPECT_THAT(attempt(), StartsWith("pending: scs0: CHECKING"));
  EXPECT_THAT(cloud_.stock["scs0"].application, AllOf(HasSubstr(R"("domain":"*.example.com")"),
                                                      HasSubstr(R"("domain_method":"DNS")")));
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, AnOrderThatWasInstalledButNotClosedIsClosed) {
  attempt();
  issue("scs1");
  ASSERT_EQ(attempt(), "scm:scs1");
  install();  // and the agent is killed
  EXPECT_EQ(attempt(), "unchanged");
  EXPECT_EQ(order(), std::nullopt);
}

TEST_F(ScmOrdersTest, WhatAnotherHostTookIsNotAppliedForAgain) {
  cloud_.refusals = {"SCM.0010"};
  attempt();
  cloud_.stock["scs1"].status = "CHECKING";
  cloud_.stock["scs1"].names = "www.example.com";
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_FALSE(order()->is_ours);
  EXPECT_EQ(cloud_.applications, 0U);
}

TEST_F(ScmOrdersTest, WhatSomebodyTookForOtherNamesGivesWayToTheNext) {
  cloud_.refusals = {"SCM.0010"};
  attempt();
  cloud_.stock["scs1"].status = "CHECKING";
  cloud_.stock["scs1"].names = "other.example.com";
  EXPECT_THAT(attempt(), HasSubstr("somebody else"));
  EXPECT_THAT(attempt(), StartsWith("pending: scs2: CHECKING"));
}

TEST_F(ScmOrdersTest, StockThatDoesNotFitTheNamesGivesWayToTheNext) {
  cloud_.refusals = {"SCM.0036"};
  attempt();
  EXPECT_THAT(attempt(), StartsWith("pending: scs2: CHECKING"));
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, AnEmptyStockIsSaid) {
  cloud_.stock.clear();
  EXPECT_THAT(attempt(), AllOf(StartsWith("rejected: SCM has nothing to issue"),
                               HasSubstr("certificates buy")));
  EXPECT_EQ(order(), std::nullopt);
}

TEST_F(ScmOrdersTest, AFaultOfOursStopsTheOrderUntilSomethingChanges) {
  cloud_.refusals = {"SCM.0034"};
  EXPECT_THAT(attempt(), AllOf(StartsWith("rejected"), HasSubstr("orders retry www")));
  EXPECT_THAT(attempt(), StartsWith("rejected"));
  EXPECT_EQ(cloud_.applications, 0U);
  is_wanted_ = true;
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
}

TEST_F(ScmOrdersTest, TheOtherSpellingOfTheMethodIsTriedOnce) {
  cloud_.refusals = {"SCM.0005"};
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_THAT(cloud_.stock["scs1"].application, HasSubstr(R"("domain_method":"File")"));
}

TEST_F(ScmOrdersTest, ARefusedOneKeepsItsKeyAndSaysWhy) {
  attempt();
  cloud_.stock["scs1"].proofs = {file_proof("value-1")};
  attempt();
  cloud_.stock["scs1"].status = "UNPASSED";
  cloud_.stock["scs1"].fail_reason = "the domain is on a list";
  EXPECT_THAT(attempt(), AllOf(StartsWith("rejected"), HasSubstr("the domain is on a list")));
  EXPECT_TRUE(order()->key);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(attempt(), HasSubstr("the domain is on a list"));
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, AWithdrawnOneIsNotAppliedForAgainByItself) {
  attempt();
  cloud_.stock["scs1"].status = "CANCELCHECKING";
  EXPECT_THAT(attempt(), HasSubstr("withdrawn"));
  cloud_.stock["scs1"].status = "PAID";
  EXPECT_THAT(attempt(), AllOf(StartsWith("rejected"), HasSubstr("withdrawn")));
  EXPECT_THAT(attempt(), StartsWith("rejected"));
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, TheSuccessorThatScmAppliesForComesFirst) {
  cloud_.stock["scs9"] = {
      .status = "CHECKING", .names = "www.example.com", .proofs = {file_proof("theirs")}};
  EXPECT_THAT(attempt(), StartsWith("pending: scs9: CHECKING"));
  EXPECT_EQ(files().front().value, "theirs");
  EXPECT_EQ(cloud_.applications, 0U);
}

TEST_F(ScmOrdersTest, WhatElseIsIssuedMeanwhileIsTaken) {
  attempt();
  cloud_.stock["scs1"].proofs = {file_proof("value-1")};
  cloud_.put({.id = "scs5", .names = {"www.example.com"}});
  EXPECT_EQ(attempt(), "scm:scs5");
  EXPECT_TRUE(order());
}

TEST_F(ScmOrdersTest, ScmHasUntilTwoDaysAfterItsTimeToApply) {
  cloud_.put({.id = "scs5", .names = {"www.example.com"}, .not_after = kTestNow + 50 * kTestDay});
  ASSERT_EQ(attempt(), "scm:scs5");
  install();
  is_due_ = true;
  spec_.renew_before = config::RenewalWindow(Seconds(45 * kTestDay));
  cloud_.clock.advance(21 * kTestDay);
  EXPECT_EQ(attempt(), "unchanged");
  EXPECT_EQ(cloud_.applications, 0U);
  cloud_.clock.advance(2 * kTestDay);
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
}

TEST_F(ScmOrdersTest, ADamagedRecordLeadsToNoSecondApplication) {
  attempt();
  const std::uint64_t version = order()->version;
  ASSERT_TRUE(store_.write_record(*lease_, "www", kScmOrderKind,
                                  Secret::copy_of(std::string_view("garbage")), version));
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, SwitchedOffItTakesTheProofAwayAndRests) {
  cloud_.stock["scs1"].proofs = {file_proof("value-1")};
  attempt();
  ASSERT_THAT(files(), SizeIs(1));
  change([](config::ScmSource& source) { source.issue.reset(); });
  attempt();
  EXPECT_THAT(files(), IsEmpty());
  change([](config::ScmSource& source) { source.issue = kByFile; });
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(ScmOrdersTest, WhatNoConfigurationHasAnyMoreRests) {
  cloud_.stock["scs1"].proofs = {file_proof("value-1")};
  attempt();
  ASSERT_THAT(files(), SizeIs(1));
  ScmSource source = agent();
  EXPECT_TRUE(source.left("www", *lease_));
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(order()->placed, IsEmpty());
  EXPECT_THAT(order()->reason, HasSubstr("no configuration has it issued"));
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_EQ(cloud_.applications, 1U);
  // A proof whose order is gone.
  ASSERT_TRUE(remove_scm_order(store_, *lease_, "www"));
  EXPECT_TRUE(source.left("www", *lease_));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ScmOrdersTest, ARenamedCertificateGoesOnWithItsKey) {
  attempt();
  const auto key = order()->key;
  spec_.name = "renamed";
  EXPECT_THAT(attempt(), StartsWith("pending: scs1: CHECKING"));
  const auto renamed = read_scm_order(store_, "renamed").value();
  ASSERT_TRUE(renamed && renamed->key);
  EXPECT_TRUE(renamed->key->has_same_public_key(*key));
  EXPECT_TRUE(renamed->is_ours);
  issue("scs1");
  EXPECT_EQ(attempt(), "scm:scs1");
  EXPECT_EQ(cloud_.applications, 1U);
}

TEST_F(ScmOrdersTest, OneOrderAtATimeHasItsValueInARecord) {
  change([](config::ScmSource& source) {
    source.issue->by_file = false;
    source.issue->dns = config::DnsWriter{.way = config::DnsWay::hook};
  });
  const cloud::ScmProof record{.domain = "www.example.com",
                               .record_type = "TXT",
                               .record_name = "_dnsauth.www.example.com",
                               .record_value = "theirs"};
  ScmOrder other{.certificate_id = "scs7", .placed = {record}, .dns_way = config::DnsWay::hook};
  ASSERT_TRUE(write_scm_order(store_, *lease_, "other", other));
  cloud_.stock["scs1"].proofs = {record};
  cloud_.stock["scs1"].proofs.front().record_value = "ours";
  EXPECT_THAT(attempt(), HasSubstr("has the proof of order scs7 of \"other\""));
  EXPECT_THAT(order()->placed, IsEmpty());
  ASSERT_TRUE(remove_scm_order(store_, *lease_, "other"));
  attempt();
  EXPECT_THAT(order()->placed, SizeIs(1));
}

TEST_F(ScmOrdersTest, ALateOneIsSaidOnce) {
  attempt();
  cloud_.clock.advance(25h);
  attempt();
  attempt();
  EXPECT_EQ(log_.count(Severity::warn), 1U);
}

// Else nobody would hear of an order that stands still before the time that was wrong.
TEST_F(ScmOrdersTest, ALateOneIsSaidInTimeAlthoughTheClockWasAhead) {
  cloud_.clock.set(cloud_.clock.now() + 20 * 365 * kTestDay);
  attempt();
  cloud_.clock.set(cloud_.clock.now() - 20 * 365 * kTestDay);
  attempt();
  EXPECT_EQ(order()->step_since, cloud_.clock.now());
  EXPECT_EQ(log_.count(Severity::warn), 0U);
  cloud_.clock.advance(25h);
  attempt();
  EXPECT_EQ(log_.count(Severity::warn), 1U);
}

TEST(ScmOrderRecord, GoesAndComesBack) {
  const ScmOrder order{.step = OrderStep::applied,
                       .certificate_id = "scs1",
                       .names = {"www.example.com", "example.com"},
                       .csr = "-----BEGIN\nx\n",
                       .method = "FILE",
                       .begun = kTestNow,
                       .step_since = kTestNow + 1s,
                       .status = "CHECKING",
                       .reason = "waits",
                       .spec_fingerprint = "f",
                       .unfit = {"scs0"},
                       .placed = {file_proof("v")},
                       .dns_way = config::DnsWay::cloud,
                       .is_set_up = true,
                       .lacks_proof = true};
  const Result<ScmOrder> again = parse_scm_order(serialize(order).value());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->step, order.step);
  EXPECT_EQ(again->names, order.names);
  EXPECT_EQ(again->csr, order.csr);
  EXPECT_EQ(again->placed, order.placed);
  EXPECT_EQ(again->unfit, order.unfit);
  EXPECT_EQ(again->step_since, order.step_since);
  EXPECT_TRUE(again->is_set_up);
  EXPECT_TRUE(again->lacks_proof);
  EXPECT_EQ(again->dns_way, order.dns_way);
  EXPECT_TRUE(again->is_ours);
}

TEST(ScmStock, TheMostModestThatFitsIsChosen) {
  const auto paid = [](std::string id, std::string type, std::string domains, int count,
                       int wildcards) {
    cloud::ScmCertificate stock;
    stock.id = std::move(id);
    stock.status = "PAID";
    stock.type = std::move(type);
    stock.domain_type = std::move(domains);
    stock.domain_count = count;
    stock.wildcard_count = wildcards;
    return stock;
  };
  const std::vector<cloud::ScmCertificate> all{paid("scs5", "OV_SSL_CERT", "SINGLE_DOMAIN", 1, 0),
                                               paid("scs4", "DV_SSL_CERT", "MULTI_DOMAIN", 5, 0),
                                               paid("scs3", "DV_SSL_CERT", "MULTI_DOMAIN", 3, 0),
                                               paid("scs2", "DV_SSL_CERT", "SINGLE_DOMAIN", 1, 0),
                                               paid("scs1", "DV_SSL_CERT", "WILDCARD", 1, 1)};
  const auto chosen = [&](std::vector<std::string> names, std::vector<std::string> unfit = {}) {
    const cloud::ScmCertificate* stock = choose_stock(all, names, kByFile, unfit);
    return stock == nullptr ? std::string("none") : stock->id;
  };
  EXPECT_EQ(chosen({"a.example"}), "scs2");
  EXPECT_EQ(chosen({"*.a.example"}), "scs1");
  EXPECT_EQ(chosen({"a.example", "b.example"}), "scs3");
  EXPECT_EQ(chosen({"a.example", "b.example"}, {"scs3"}), "scs4");
  EXPECT_EQ(chosen({"a.example", "*.b.example", "*.c.example"}), "none");
  EXPECT_EQ(chosen({"a.example"}, {"scs2", "scs3", "scs4"}), "none");
}

}  // namespace
}  // namespace ccm::sources
