// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/handle.h"
#include "config/input/settings.h"
#include "server/start/site_doubts.h"
#include "support/memory_log.h"

namespace ccm::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kRsaSuites[] = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";
constexpr char kEcdsaSuites[] = "ECDHE-ECDSA-AES128-GCM-SHA256";

TEST(Reach, IsWhatVersionsAndSuitesLeave) {
  const Reach all = reach_of("", true, true);
  EXPECT_TRUE(all.older_rsa && all.older_ecdsa && all.tls13);
  const Reach rsa = reach_of(kRsaSuites, true, false);
  EXPECT_TRUE(rsa.older_rsa && !rsa.older_ecdsa && !rsa.tls13);
  const Reach ecdsa = reach_of(kEcdsaSuites, true, true);
  EXPECT_TRUE(!ecdsa.older_rsa && ecdsa.older_ecdsa && ecdsa.tls13);
  const Reach newest = reach_of(kRsaSuites, false, true);
  EXPECT_TRUE(!newest.older_rsa && !newest.older_ecdsa && newest.tls13);
  // The server itself complains about what OpenSSL does not know.
  const Reach unknown = reach_of("no-such-suite", true, true);
  EXPECT_TRUE(unknown.older_rsa && unknown.older_ecdsa && unknown.tls13);
}

TEST(Reach, MindsVersionsThatAreSwitchedOffByAnOption) {
  const Handle<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_method()));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TLSv1_3);
  EXPECT_FALSE(reach_of(context.get()).tls13);
}

class SiteDoubts : public testing::Test {
 protected:
  std::vector<std::string> doubts(const std::vector<std::string>& keys, Reach reach) {
    config::Settings settings;
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    std::vector<LiveCertificate*> certificates;
    live_.clear();
    for (const std::string& key : keys) {
      const std::string name = "c" + std::to_string(live_.size());
      EXPECT_TRUE(settings.add_certificate(name, {}));
      EXPECT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
      EXPECT_TRUE(settings.set_in(name, "names", {"www.example.com"}, {}));
      if (!key.empty()) {
        EXPECT_TRUE(settings.set_in(name, "key", {key}, {}));
      }
      live_.push_back(std::make_unique<LiveCertificate>(name, live_.size(), log_));
      certificates.push_back(live_.back().get());
    }
    const auto config = settings.finalize();
    EXPECT_TRUE(config);
    CertificateSet set(certificates, log_);
    set.set_reach(reach);
    const config::Origin origin{"nginx.conf", 7};
    return doubts_about({set, origin}, *config, config::Dialect{});
  }

  test::MemoryLog log_;
  std::vector<std::unique_ptr<LiveCertificate>> live_;
};

TEST_F(SiteDoubts, NoneWhenEveryClientCanConnect) {
  EXPECT_THAT(doubts({"ecdsa:256"}, {}), IsEmpty());
  EXPECT_THAT(doubts({"ecdsa:256"}, {.older_rsa = false}), IsEmpty());
  EXPECT_THAT(doubts({"ecdsa:256", "rsa:2048"}, {.older_ecdsa = false}), IsEmpty());
  EXPECT_THAT(doubts({"rsa:2048"}, {.older_rsa = false, .older_ecdsa = false}), IsEmpty());
  EXPECT_THAT(doubts({""}, {.older_ecdsa = false, .tls13 = false}), IsEmpty()) << "may be RSA";
  EXPECT_THAT(doubts({}, {.older_rsa = false, .older_ecdsa = false, .tls13 = false}), IsEmpty());
}

TEST_F(SiteDoubts, SuitesForTheOtherKindOfKey) {
  EXPECT_THAT(
      doubts({"ecdsa:256"}, {.older_ecdsa = false, .tls13 = false}),
      ElementsAre(AllOf(testing::StartsWith("no client can connect"), HasSubstr("ECDSA key"),
                        HasSubstr("ECDHE-ECDSA-"), HasSubstr("\"key rsa:2048\""),
                        HasSubstr("ssl_protocols"), HasSubstr("nginx.conf:7"))));
  EXPECT_THAT(doubts({"ecdsa:256"}, {.older_ecdsa = false}),
              ElementsAre(testing::StartsWith("no client without TLS 1.3 can connect")));
  EXPECT_THAT(doubts({"rsa:2048"}, {.older_rsa = false, .tls13 = false}),
              ElementsAre(AllOf(HasSubstr("RSA key"), HasSubstr("\"key ecdsa:256\""))));
}

TEST_F(SiteDoubts, TwoCertificatesWithOneKindOfKey) {
  EXPECT_THAT(doubts({"rsa:2048", "rsa:3072"}, {}), ElementsAre(HasSubstr("only the second")));
}

}  // namespace
}  // namespace ccm::server
