// SPDX-License-Identifier: Apache-2.0
// What is said of a proof that is not where an authority looks, against servers that are not ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "cloud/proof/dns_client.h"
#include "cloud/proof/look_for_file.h"
#include "cloud/proof/look_for_record.h"
#include "crypto/certificate/pem.h"
#include "loopback_server.h"
#include "support/test_pki.h"
#include "support/tiny_dns.h"
#include "tls_server.h"

namespace ccm::cloud {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kPath = "/.well-known/pki-validation/fileauth.txt";

// A port on which nobody listens.
int free_port() {
  const test::LoopbackServer server([](test::Connection&) {});
  return server.port();
}

class FileContract : public testing::Test {
 protected:
  // What is found when http is answered so.
  Result<void> look(const std::string& status, const std::string& body,
                    const std::string& headers = "") {
    test::LoopbackServer server([&](test::Connection& connection) {
      const auto request = connection.read_request();
      if (request) request_ = *request;
      connection.answer(status, body, headers + "Connection: close\r\n");
    });
    return look_at(server.port());
  }
  Result<void> look_at(int port) const {
    return look_for_file("www.example.com", "fileauth.txt", "the-value",
                         {.addresses = {"127.0.0.1"},
                          .http_port = static_cast<std::uint16_t>(port),
                          .https_port = static_cast<std::uint16_t>(https_port_)});
  }
  static std::string sentence(const Result<void>& result, ErrorKind kind) {
    EXPECT_FALSE(result);
    if (result) return "";
    EXPECT_EQ(result.error().kind(), kind);
    return result.error().message();
  }

  int https_port_ = free_port();
  std::string request_;
};

TEST_F(FileContract, FindsItAsAnAuthorityDoes) {
  EXPECT_TRUE(look("200 OK", "the-value"));
  EXPECT_THAT(request_, HasSubstr(std::string("GET ") + kPath + " HTTP/1.1\r\n"));
  EXPECT_THAT(request_, HasSubstr("Host: www.example.com\r\n"));
  EXPECT_TRUE(look("200 OK", "the-value\r\n")) << "another server may add a line end";
}

TEST_F(FileContract, FollowsNoRedirect) {
  EXPECT_THAT(
      sentence(look("301 Moved", "", "Location: https://www.example.com/\r\n"), ErrorKind::pending),
      AllOf(HasSubstr("at 127.0.0.1, http://www.example.com/.well-known/pki-validation/"
                      "fileauth.txt answers 301 to https://www.example.com/, and the "
                      "authority follows no redirect; over https it cannot be fetched"),
            HasSubstr("it should hold \"the-value\"")));
}

TEST_F(FileContract, SaysWhatIsThereInstead) {
  EXPECT_THAT(sentence(look("404 Not Found", "the-value"), ErrorKind::pending),
              HasSubstr("fileauth.txt answers 404; over https"));
  EXPECT_THAT(sentence(look("200 OK", "old-value"), ErrorKind::pending),
              HasSubstr("fileauth.txt holds \"old-value\"; over https"));
  EXPECT_THAT(sentence(look("200 OK", ""), ErrorKind::pending), HasSubstr("holds nothing"));
  EXPECT_THAT(sentence(look("200 OK", "\x1b[31m"), ErrorKind::pending), HasSubstr("\\x1b[31m"));
  const std::string page(100'000, 'x');
  EXPECT_THAT(sentence(look("200 OK", page), ErrorKind::pending),
              HasSubstr("holds \"" + page.substr(0, 100) + "…\""));
  EXPECT_THAT(sentence(look("200 OK", "the-value" + page), ErrorKind::pending),
              HasSubstr("holds \"the-value"));
}

TEST_F(FileContract, SaysThatNobodyListens) {
  EXPECT_THAT(sentence(look_at(free_port()), ErrorKind::transient),
              AllOf(HasSubstr("at 127.0.0.1, http://www.example.com"),
                    HasSubstr("cannot be fetched: "), HasSubstr("the-value")));
}

TEST_F(FileContract, SaysThatANameLeadsNowhere) {
  EXPECT_THAT(look_for_file("nowhere.invalid", "fileauth.txt", "v").error().message(),
              HasSubstr("\"nowhere.invalid\" leads to no address"));
}

TEST_F(FileContract, TakesItOverHttpsWithAnyCertificate) {
  const Time now = SystemClock().now();
  const test::TestCertificate shown = test::make_test_self_signed({.names = {"other.example"},
                                                                   .not_before = now - Seconds(60),
                                                                   .not_after = now + Seconds(60)});
  test::TempDirectory folder;
  folder.write(std::string(kPath).substr(1), "the-value");
  const test::TlsServer server(crypto::to_pem({shown.certificate}), shown.key_pem(), {},
                               folder.path());
  ASSERT_NE(server.url(), "");
  https_port_ = server.port();
  EXPECT_TRUE(look("301 Moved", "", "Location: https://www.example.com/\r\n"));
  folder.write(std::string(kPath).substr(1), "old-value");
  EXPECT_THAT(sentence(look("404 Not Found", ""), ErrorKind::pending),
              HasSubstr("over https it holds \"old-value\""));
}

TEST_F(FileContract, LooksAtEveryAddress) {
  test::LoopbackServer server([](test::Connection& connection) {
    if (connection.read_request())
      connection.answer("200 OK", "the-value", "Connection: close\r\n");
  });
  const auto look_at_both = [&](const std::string& other) {
    return look_for_file("www.example.com", "fileauth.txt", "the-value",
                         {.addresses = {"127.0.0.1", other},
                          .http_port = static_cast<std::uint16_t>(server.port()),
                          .https_port = static_cast<std::uint16_t>(https_port_)});
  };
  EXPECT_TRUE(look_at_both("127.0.0.2")) << "what nobody can reach from here says nothing";
  EXPECT_EQ(server.connections(), 1);
}

class RecordContract : public testing::Test {
 protected:
  RecordContract() { dns_.add_zone("example.com"); }

  Result<void> look(const std::string& value = "the-value",
                    ProofRecord type = ProofRecord::txt) const {
    return look_for_record(
        "_dnsauth.www.example.com", type, value,
        {.resolvers = {{.address = "127.0.0.1", .port = dns_.port()}}, .zone_port = dns_.port()});
  }
  std::string sentence(ErrorKind kind, const std::string& value = "the-value",
                       ProofRecord type = ProofRecord::txt) const {
    const Result<void> result = look(value, type);
    EXPECT_FALSE(result);
    if (result) return "";
    EXPECT_EQ(result.error().kind(), kind);
    return result.error().message();
  }

  test::TinyDns dns_;
};

TEST_F(RecordContract, FindsItAtTheZonesOwnServer) {
  dns_.add("_dnsauth.www.example.com", "TXT", "the-value");
  EXPECT_TRUE(look());
  dns_.add("_dnsauth.www.example.com", "TXT", "another");
  EXPECT_TRUE(look()) << "one of several is enough";
}

TEST_F(RecordContract, SaysWhatIsThereInstead) {
  EXPECT_EQ(sentence(ErrorKind::pending),
            "there is no TXT record _dnsauth.www.example.com at ns1.example.com (127.0.0.1); it "
            "should hold \"the-value\"");
  dns_.add("_dnsauth.www.example.com", "TXT", "old-value");
  dns_.add("_dnsauth.www.example.com", "TXT", "older\nvalue");
  EXPECT_EQ(
      sentence(ErrorKind::pending),
      "the TXT record _dnsauth.www.example.com holds \"old-value\" and \"older\\x0avalue\" at "
      "ns1.example.com (127.0.0.1); it should hold \"the-value\"");
}

TEST_F(RecordContract, ANameMayBeThereWithoutTheRecord) {
  dns_.add("_dnsauth.www.example.com", "A", "192.0.2.1");
  EXPECT_THAT(sentence(ErrorKind::pending), HasSubstr("there is no TXT record"));
}

TEST_F(RecordContract, ComparesAliasesAsNames) {
  EXPECT_THAT(sentence(ErrorKind::pending, "abc.dcv.example.net.", ProofRecord::cname),
              HasSubstr("there is no CNAME record _dnsauth.www.example.com"));
  dns_.add("_dnsauth.www.example.com", "CNAME", "abc.DCV.example.net");
  EXPECT_TRUE(look("Abc.dcv.example.net.", ProofRecord::cname));
  EXPECT_THAT(sentence(ErrorKind::pending, "other.example.net", ProofRecord::cname),
              HasSubstr("holds \"abc.DCV.example.net\" at ns1.example.com"));
}

TEST_F(RecordContract, FollowsAnAliasToAnotherZone) {
  dns_.add("_dnsauth.www.example.com", "CNAME", "www.proofs.example.net");
  EXPECT_THAT(sentence(ErrorKind::pending), HasSubstr("no DNS server is known for"));
  dns_.add_zone("example.net");
  EXPECT_THAT(sentence(ErrorKind::pending),
              HasSubstr("no TXT record www.proofs.example.net at ns1.example.net"));
  dns_.add("www.proofs.example.net", "TXT", "the-value");
  EXPECT_TRUE(look());
}

TEST_F(RecordContract, AliasesInACircleEnd) {
  dns_.add("_dnsauth.www.example.com", "CNAME", "b.example.com");
  dns_.add("b.example.com", "CNAME", "_dnsauth.www.example.com");
  EXPECT_THAT(sentence(ErrorKind::pending), HasSubstr("without an end"));
}

TEST_F(RecordContract, TheNearestZoneCounts) {
  dns_.add_zone("www.example.com");
  EXPECT_THAT(sentence(ErrorKind::pending), HasSubstr("at ns1.www.example.com"));
}

TEST_F(RecordContract, ReadsLongAnswersOverTcp) {
  const std::string value(700, 'v');
  dns_.add("_dnsauth.www.example.com", "TXT", value);
  EXPECT_TRUE(look(value));
  EXPECT_EQ(dns_.questions_by_tcp(), 1);
}

TEST_F(RecordContract, SaysThatADomainHasNoServers) {
  dns_.remove("example.com", "NS");
  EXPECT_THAT(sentence(ErrorKind::pending),
              AllOf(HasSubstr("\"_dnsauth.www.example.com\""), HasSubstr("registered?")));
}

TEST_F(RecordContract, ASilentServerIsNoDifference) {
  dns_.refuse_with(5);
  EXPECT_THAT(sentence(ErrorKind::transient), HasSubstr("127.0.0.1 refuses to answer about"));
  dns_.refuse_with(0);
  dns_.remove("ns1.example.com", "A");
  EXPECT_THAT(sentence(ErrorKind::transient),
              HasSubstr("the servers of the zone example.com have no address"));
  dns_.add("ns1.example.com", "A", "127.0.0.2");
  EXPECT_THAT(sentence(ErrorKind::transient),
              HasSubstr("the DNS server ns1.example.com (127.0.0.2) does not answer"));
}

TEST(DnsClient, KnowsTheSystemsResolvers) {
  for (const NameServer& server : system_resolvers()) EXPECT_EQ(server.port, 53);
  EXPECT_FALSE(system_resolvers().empty());
}

TEST(DnsClient, RefusesWhatIsNoNameOrAddress) {
  const NameServer good{.address = "127.0.0.1", .port = 1};
  EXPECT_EQ(ask(good, {.name = std::string(300, 'a')}).error().kind(), ErrorKind::invalid);
  EXPECT_EQ(ask({.address = "ns1"}, {.name = "a"}).error().kind(), ErrorKind::invalid);
}

}  // namespace
}  // namespace ccm::cloud
