// SPDX-License-Identifier: Apache-2.0
// Proofs as records in zones of Huawei Cloud DNS: what is written, and above all what is left
// alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/sources/scm.h"
#include "scm_fixture.h"
#include "sources/scm/zone_proofs.h"
#include "zone_cloud.h"

namespace ccm::sources {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kRecord = "_dnsauth.example.com";

cloud::ScmProof proof(std::string value, std::string name = std::string(kRecord),
                      std::string type = "TXT") {
  return {.domain = "example.com",
          .record_type = std::move(type),
          .record_name = std::move(name),
          .record_value = std::move(value)};
}

class ZoneProofsTest : public test::ScmFixture<test::ZoneCloud> {
 protected:
  void SetUp() override {
    change([](config::ScmSource& source) {
      source.issue = config::Issue{.by_file = false,
                                   .dns = config::DnsWriter{.way = config::DnsWay::cloud},
                                   .applicant = {}};
    });
    cloud_.zones = {"example.com", "example.com.cn", "myexample.com"};
  }

  ScmOrder order(const std::vector<cloud::ScmProof>& placed) {
    return {.certificate_id = "scs1", .placed = placed, .dns_way = config::DnsWay::cloud};
  }
  std::string put(const cloud::ScmProof& one, const std::vector<cloud::ScmProof>& placed) {
    const Result<void> done = proofs_.put(request(), order(placed), one);
    return done ? "" : done.error().message();
  }
  std::string put(const cloud::ScmProof& one) { return put(one, {one}); }
  std::string keep(const cloud::ScmProof& one) {
    const Result<std::string> lacking = proofs_.keep(request(), order({one}), one);
    return lacking ? *lacking : lacking.error().message();
  }
  std::vector<std::string> records(const std::string& name = std::string(kRecord),
                                   const std::string& type = "TXT") {
    return cloud_.records(name, type);
  }
  void has(std::string name, std::string type, std::vector<std::string> records) {
    cloud_.sets.push_back({.id = "old" + type,
                           .name = std::move(name),
                           .type = std::move(type),
                           .records = std::move(records),
                           .status = "ACTIVE",
                           .seconds = 900});
  }

  ZoneProofs proofs_{log_, [this](const config::Issue&) -> Result<cloud::DnsZones> {
                       return cloud::DnsZones(clients_.session, "https://dns.test");
                     }};
};

TEST_F(ZoneProofsTest, ARecordComesAndGoes) {
  EXPECT_EQ(put(proof("v1")), "");
  EXPECT_THAT(records(), ElementsAre("\"v1\""));
  EXPECT_EQ(keep(proof("v1")), "");
  EXPECT_EQ(put(proof("v1")), "");
  EXPECT_THAT(cloud_.calls, ElementsAre("POST"));
  EXPECT_TRUE(proofs_.remove(request(), proof("v1")));
  EXPECT_THAT(cloud_.sets, IsEmpty());
  EXPECT_TRUE(proofs_.remove(request(), proof("v1")));
}

TEST_F(ZoneProofsTest, TwoValuesOfOneNameAreTogether) {
  const std::vector<cloud::ScmProof> both{proof("v1"), proof("v2")};
  EXPECT_EQ(put(both[0], both), "");
  EXPECT_EQ(put(both[1], both), "");
  EXPECT_THAT(records(), UnorderedElementsAre("\"v1\"", "\"v2\""));
  EXPECT_TRUE(proofs_.remove(request(), both[0]));
  EXPECT_THAT(records(), ElementsAre("\"v2\""));
}

TEST_F(ZoneProofsTest, WhatWasLeftOverGoes) {
  has(std::string(kRecord), "TXT", {"\"old\"", "\"older\""});
  EXPECT_EQ(put(proof("v1")), "");
  EXPECT_THAT(records(), ElementsAre("\"v1\""));
  has("_other.example.com", "CNAME", {"old.example.net."});
  EXPECT_EQ(put(proof("v1", "_other.example.com")), "");
  EXPECT_THAT(records("_other.example.com"), ElementsAre("\"v1\""));
}

TEST_F(ZoneProofsTest, TheOperatorsRecordsStay) {
  has("example.com", "TXT", {"\"v=spf1 -all\"", "\"a\" \"b\""});
  has("example.com", "A", {"192.0.2.1"});
  EXPECT_EQ(put(proof("v1", "example.com")), "");
  EXPECT_THAT(records("example.com"), ElementsAre("\"v=spf1 -all\"", "\"a\" \"b\"", "\"v1\""));
  EXPECT_EQ(cloud_.sets.front().seconds, 900);
  EXPECT_TRUE(proofs_.remove(request(), proof("v1", "example.com")));
  EXPECT_THAT(records("example.com"), ElementsAre("\"v=spf1 -all\"", "\"a\" \"b\""));
  EXPECT_THAT(put(proof("a.example.net", "example.com", "CNAME")),
              HasSubstr("beside which there can be no CNAME record"));
  has("alias.example.com", "CNAME", {"www.example.net."});
  EXPECT_THAT(put(proof("a.example.net", "alias.example.com", "CNAME")),
              HasSubstr("there can be no other CNAME record"));
  EXPECT_THAT(put(proof("v1", "alias.example.com")), HasSubstr("there can be no TXT record"));
  EXPECT_THAT(records("alias.example.com", "CNAME"), ElementsAre("www.example.net."));
}

TEST_F(ZoneProofsTest, AnAliasIsWrittenWithItsDot) {
  EXPECT_EQ(put(proof("Value.ca.example", "_a.www.example.com", "CNAME")), "");
  EXPECT_THAT(records("_a.www.example.com", "CNAME"), ElementsAre("value.ca.example."));
  EXPECT_EQ(keep(proof("Value.ca.example", "_a.www.example.com", "CNAME")), "");
}

TEST_F(ZoneProofsTest, TheNearestZoneIsTaken) {
  cloud_.zones.insert("a.example.com");
  EXPECT_EQ(put(proof("v1", "_dnsauth.a.example.com")), "");
  cloud_.zones.erase("example.com");
  EXPECT_THAT(put(proof("v1")), AllOf(HasSubstr("no public zone of this account"),
                                      HasSubstr("_dnsauth.example.com")));
}

TEST_F(ZoneProofsTest, WhatIsAmissIsOneSentence) {
  cloud_.zone_status = "FREEZE";
  EXPECT_THAT(put(proof("v1")), HasSubstr("the zone example.com is FREEZE"));
  cloud_.zone_status = "ACTIVE";
  EXPECT_THAT(put(proof(std::string(256, 'x'))), HasSubstr("does not fit into a TXT record"));
  cloud_.refusal = "DNS.0030";
  EXPECT_THAT(put(proof("v1")), HasSubstr("needs the action dns:zone:list"));
}

TEST_F(ZoneProofsTest, WhatSomebodyHasRemovedComesBack) {
  put(proof("v1"));
  cloud_.sets.clear();
  EXPECT_THAT(keep(proof("v1")), HasSubstr("it was added again"));
  EXPECT_EQ(keep(proof("v1")), "");
  // Somebody else's proof: with both values an authority would accept neither.
  cloud_.sets.front().records = {"\"another\""};
  EXPECT_THAT(keep(proof("v1")), HasSubstr("somebody has put \"another\" into"));
  EXPECT_THAT(records(), ElementsAre("\"another\""));
  cloud_.sets.front().records = {"\"v1\""};
  cloud_.sets.front().status = "PENDING_UPDATE";
  EXPECT_THAT(keep(proof("v1")), HasSubstr("is PENDING_UPDATE at Huawei Cloud DNS"));
}

TEST_F(ZoneProofsTest, WhatMayNotBeRemovedHoldsNothingUp) {
  put(proof("v1"));
  cloud_.refusal = "DNS.0030";
  EXPECT_TRUE(proofs_.remove(request(), proof("v1")));
  EXPECT_EQ(log_.count(Severity::warn), 1U);
}

}  // namespace
}  // namespace ccm::sources
