// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/sources/pca.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<Config> with_cloud(std::string_view text) {
  return configured(std::string(kCloud) + std::string(text));
}

std::vector<std::string> warnings_of(std::string_view text) {
  Settings settings;
  EXPECT_EQ(problem_of(add_lines(settings, std::string(kCloud) + std::string(text))), "no error");
  EXPECT_EQ(problem_of(settings.finalize()), "no error");
  return settings.warnings();
}

TEST(Finalize, WarnsOfANameThatNobodyAsksFor) {
  const std::string block = "certificate a\n  source scm\n  names xn--mller-kva.example\n";
  EXPECT_THAT(warnings_of(block + "use a | müller.example"),
              ElementsAre(AllOf(HasSubstr("\"müller.example\""),
                                HasSubstr("xn--mller-kva.example;"), HasSubstr("test.conf:"))));
  EXPECT_THAT(warnings_of(block + "use a | müller.example XN--Mller-kva.example"), IsEmpty());
}

TEST(Finalize, NothingGivesDefaults) {
  const auto config = configured("");
  ASSERT_TRUE(config);
  EXPECT_THAT(config->certificates(), IsEmpty());
  const GlobalConfig& global = config->global();
  EXPECT_EQ(global.state_path, "/var/lib/ccm");
  EXPECT_EQ(global.metadata_endpoint, "http://169.254.169.254");
  EXPECT_EQ(global.concurrent_renewals, 4U);
  EXPECT_EQ(global.user + global.proxy + global.region + global.agent_path, "");
}

TEST(Finalize, GlobalDirectivesArrive) {
  const auto config = configured(
      "state_path /srv/ccm/\nuser web\ncredentials file=/c profile=p\nregion r-1\n"
      "scm_endpoint https://s\npca_endpoint https://p\niam_endpoint https://i\n"
      "metadata_endpoint http://m\nproxy http://x:1 file=/p\nssl_trusted_certificate /ca.pem\n"
      "concurrent_renewals 9\nagent_path /bin/agent");
  ASSERT_TRUE(config) << problem_of(config);
  const GlobalConfig& global = config->global();
  EXPECT_EQ(global.state_path, "/srv/ccm");
  EXPECT_EQ(global.user, "web");
  EXPECT_EQ(std::get<CredentialsFile>(global.credentials).path, "/c");
  EXPECT_EQ(std::get<CredentialsFile>(global.credentials).profile, "p");
  EXPECT_EQ(global.region, "r-1");
  EXPECT_EQ(global.scm_endpoint, "https://s");
  EXPECT_EQ(global.pca_endpoint, "https://p");
  EXPECT_EQ(global.iam_endpoint, "https://i");
  EXPECT_EQ(global.metadata_endpoint, "http://m");
  EXPECT_EQ(global.proxy, "http://x:1");
  EXPECT_EQ(global.proxy_credentials, "/p");
  EXPECT_EQ(global.trusted_certificate, "/ca.pem");
  EXPECT_EQ(global.concurrent_renewals, 9U);
  EXPECT_EQ(global.agent_path, "/bin/agent");
}

TEST(Finalize, CertificateHasDefaults) {
  const auto config = with_cloud(
      "certificate p\n  source pca issuer=ISSUER\n  names p.example\n"
      "certificate s\n  source scm\n  names s.example\n");
  ASSERT_TRUE(config) << problem_of(config);
  ASSERT_EQ(config->certificates().size(), 2U);
  const CertificateSpec& pca = *config->find("p");
  EXPECT_EQ(pca.key, (crypto::KeyType{crypto::KeyAlgorithm::ecdsa, 256}));
  EXPECT_EQ(pca.source.as<PcaSource>().validity, Seconds(90 * 86400));
  EXPECT_EQ(pca.source.as<PcaSource>().key_origin, KeyOrigin::local);
  EXPECT_EQ(pca.origin.line, 3U);
  const CertificateSpec& scm = *config->find("s");
  EXPECT_EQ(scm.key, std::nullopt);
  EXPECT_EQ(scm.renew_before, RenewalWindow(LifetimeShare{33}));
  EXPECT_EQ(scm.check_interval, Seconds(12 * 3600));
  EXPECT_EQ(scm.keep, 3U);
  EXPECT_TRUE(scm.fallback);
  EXPECT_TRUE(scm.stapling);
  EXPECT_EQ(config->find("t"), nullptr);
  EXPECT_EQ(config->find(""), nullptr);
}

TEST(Finalize, CertificateInheritsAndOverrides) {
  const auto config = with_cloud(
      "check_interval 1h\nrenew_before 20d\nkeep 1\nfallback off\nkey rsa:2048\nvalidity 30d\n"
      "key_origin cloud\nstapling off\n"
      "certificate a\n  source pca issuer=ISSUER\n  names a.example\n"
      "certificate b\n  source pca issuer=ISSUER\n  names b.example\n  check_interval 2h\n"
      "  renew_before 10%\n  keep 2\n  fallback on\n  key ecdsa:384\n  validity 5h\n"
      "  key_origin local\n  stapling on\n"
      "certificate c\n  source scm\n  names c.example\n");
  ASSERT_TRUE(config) << problem_of(config);
  const CertificateSpec& a = *config->find("a");
  EXPECT_EQ(a.check_interval, Seconds(3600));
  EXPECT_EQ(a.renew_before, RenewalWindow(Seconds(20 * 86400)));
  EXPECT_EQ(a.keep, 1U);
  EXPECT_FALSE(a.fallback);
  EXPECT_FALSE(a.stapling);
  EXPECT_EQ(to_string(a.key.value()), "rsa:2048");
  EXPECT_EQ(a.source.as<PcaSource>().validity, Seconds(30 * 86400));
  EXPECT_EQ(a.source.as<PcaSource>().key_origin, KeyOrigin::cloud);
  const CertificateSpec& b = *config->find("b");
  EXPECT_EQ(b.check_interval, Seconds(7200));
  EXPECT_EQ(b.renew_before, RenewalWindow(LifetimeShare{10}));
  EXPECT_EQ(b.keep, 2U);
  EXPECT_TRUE(b.fallback);
  EXPECT_TRUE(b.stapling);
  EXPECT_EQ(to_string(b.key.value()), "ecdsa:384");
  EXPECT_EQ(b.source.as<PcaSource>().validity, Seconds(5 * 3600));
  EXPECT_EQ(b.source.as<PcaSource>().key_origin, KeyOrigin::local);
  // Defaults that mean nothing to SCM are no contradiction.
  EXPECT_EQ(to_string(config->find("c")->key.value()), "rsa:2048");
}

TEST(Finalize, NeedsCredentialsAndAPlaceOnceThereIsACertificate) {
  const std::string scm = "certificate a\n  source scm\n  names a.example\n";
  const std::string pca = "certificate a\n  source pca issuer=ISSUER\n  names a.example\n";
  EXPECT_EQ(problem_of(configured(scm)),
            "certificate \"a\": there are no credentials for the cloud; write credentials "
            "file=/path [profile=NAME] | ecs in test.conf:2");
  EXPECT_EQ(problem_of(configured(scm + "credentials ecs")),
            "certificate \"a\": it comes from SCM, but neither a region nor an endpoint says where "
            "that is; write region ap-southeast-1 or scm_endpoint https://HOST[:PORT] in "
            "test.conf:2");
  EXPECT_THAT(problem_of(configured(pca + "credentials ecs\nscm_endpoint https://s")),
              HasSubstr("pca_endpoint"));
  EXPECT_TRUE(configured(scm + "credentials ecs\nscm_endpoint https://s"));
  EXPECT_TRUE(configured(pca + "credentials ecs\npca_endpoint https://p"));
  EXPECT_TRUE(configured(pca + "credentials ecs\nregion r"));
}

TEST(Finalize, ContradictionsNameTheirDirective) {
  EXPECT_EQ(
      problem_of(with_cloud("certificate a\n  source scm\n  names a.example\n  validity 30d")),
      "certificate \"a\": \"validity\" has no meaning with the source scm, where certificates "
      "are ordered beforehand; remove it in test.conf:6");
  EXPECT_THAT(problem_of(with_cloud("certificate a\n  source scm\n  names a.example\n"
                                    "  key_origin local")),
              HasSubstr("\"key_origin\" has no meaning"));
  EXPECT_EQ(
      problem_of(with_cloud("certificate a\n  source pca issuer=ISSUER\n  names a.example\n"
                            "  renew_before 90d")),
      "certificate \"a\": \"renew_before\" is 90d, but the certificate is valid for only 90d; "
      "write a shorter time or a share such as 33% in test.conf:6");
  EXPECT_TRUE(
      with_cloud("certificate a\n  source pca issuer=ISSUER\n  names a.example\n"
                 "  renew_before 90d\n  validity 91d"));
  EXPECT_THAT(problem_of(with_cloud("certificate a\n  names a.example")),
              HasSubstr("it has no source; write source scm [id=ID] [uploads=fallback|on|off] "
                        "[issuers=NAME|...] [trust=keep|system|any|PATH] | pca issuer=ID in "
                        "test.conf:3"));
}

TEST(Finalize, KeysMadeByPcaCarryFewerNames) {
  std::string block = "certificate a\n  source pca issuer=ISSUER\n  key_origin cloud\n  names";
  for (int i = 0; i < 20; ++i) block += " n" + std::to_string(i) + ".example";
  EXPECT_TRUE(with_cloud(block));
  EXPECT_THAT(problem_of(with_cloud(block + " m.example")), HasSubstr("at most 20"));
}

TEST(Finalize, BlockTakesItsNamesFromItsVirtualHosts) {
  const auto config = with_cloud(
      "use a | www.example.com .example.com\nuse a | _ www.example.com shop.example.com localhost\n"
      "certificate a\n  source scm\n");
  ASSERT_TRUE(config) << problem_of(config);
  EXPECT_THAT(config->find("a")->names,
              ElementsAre("www.example.com", "example.com", "*.example.com", "shop.example.com"));
}

TEST(Finalize, BlockWithoutAnyNameIsRefused) {
  EXPECT_EQ(problem_of(with_cloud("certificate a\n  source scm\n")),
            "certificate \"a\": it has no names, and no virtual host with a usable name uses it; "
            "write names www.example.com *.example.com in test.conf:3");
  EXPECT_THAT(problem_of(with_cloud("certificate a\n  source scm\nuse a | _")),
              HasSubstr("it has no names"));
  EXPECT_THAT(problem_of(with_cloud("certificate a\n  source scm\nuse a | ~^x")),
              HasSubstr("pattern"));
  EXPECT_TRUE(with_cloud("certificate a\n  source scm\n  names a.example\nuse a | ~^x"));
}

TEST(Finalize, UnknownCertificateIsAnsweredWithTheKnownOnes) {
  EXPECT_EQ(
      problem_of(with_cloud("use intrnet | a.example\n"
                            "certificate intranet\n  source scm\n  names a.example\n"
                            "certificate shop\n  source scm\n  names b.example\n")),
      "unknown certificate \"intrnet\"; did you mean \"intranet\"? There are intranet, shop in "
      "test.conf:3");
  EXPECT_EQ(problem_of(with_cloud("use x | a.example")),
            "unknown certificate \"x\"; there is no certificate block at all in test.conf:3");
}

TEST(Finalize, ImplicitCertificateStaysTheSameWhenAnAliasIsAdded) {
  const auto before = with_cloud("use source=scm | a.example");
  const auto after = with_cloud("use source=scm | a.example b.example");
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->certificates()[0].name, after->certificates()[0].name);
}

TEST(Finalize, MayBeCalledAgainAsMoreComesIn) {
  Settings settings;
  ASSERT_TRUE(add_lines(settings, std::string(kCloud) + "use a | a.example"));
  EXPECT_FALSE(settings.finalize());
  ASSERT_TRUE(add_lines(settings, "certificate a\n  source scm"));
  EXPECT_TRUE(settings.finalize());
  EXPECT_TRUE(settings.finalize());
}

TEST(Config, HostsWithTheSameCertificatesDifferInTheirJitterOnly) {
  Settings settings;
  ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
  ASSERT_TRUE(settings.add_certificate("www", {}));
  ASSERT_TRUE(settings.set_in("www", "source", {"scm"}, {}));
  ASSERT_TRUE(settings.set_in("www", "names", {"www.example.com"}, {}));
  const Config config = settings.finalize().value();
  const CertificateSpec& one = *config.find("www");
  EXPECT_EQ(one.jitter_seed, "www");
  const Config first = config.on_host("first");
  const Config second = config.on_host("second");
  EXPECT_NE(first.find("www")->jitter_seed, second.find("www")->jitter_seed);
  EXPECT_EQ(first.find("www")->jitter_seed, config.on_host("first").find("www")->jitter_seed);
  EXPECT_EQ(first.find("www")->fingerprint(), one.fingerprint());
}

TEST(Warnings, NamesThatTheCertificateDoesNotCover) {
  EXPECT_THAT(
      warnings_of("certificate a\n  source scm\n  names *.example.com\n"
                  "use a | www.example.com example.com localhost ~^x _\nuse a | shop.example.com"),
      ElementsAre("certificate \"a\" does not cover the names example.com, localhost of a virtual "
                  "host; clients that ask for them will refuse it in test.conf:6"));
  EXPECT_THAT(warnings_of("use source=scm | www.example.com localhost"),
              ElementsAre(HasSubstr("does not cover the name localhost")));
  EXPECT_THAT(warnings_of("use source=scm | www.example.com .example.com"), IsEmpty());
}

TEST(Warnings, BlockWithoutVirtualHostIsFine) {
  EXPECT_THAT(warnings_of("certificate a\n  source scm\n  names a.example"), IsEmpty());
}

TEST(Finalize, ManyVirtualHostsAreNoBurden) {
  Settings settings;
  ASSERT_TRUE(add_lines(settings, kCloud));
  constexpr unsigned kHosts = 20000;
  for (unsigned i = 0; i < kHosts; ++i) {
    ASSERT_TRUE(settings.use({"source=scm"}, {"n" + std::to_string(i) + ".example.com"}, line(i)));
  }
  const auto config = settings.finalize();
  ASSERT_TRUE(config);
  EXPECT_EQ(config->certificates().size(), kHosts);
  EXPECT_NE(config->find("n777.example.com"), nullptr);
}

}  // namespace
}  // namespace ccm::config
