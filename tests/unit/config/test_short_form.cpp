// SPDX-License-Identifier: Apache-2.0
// Certificates that a virtual host asks for without a block.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/sources/pca.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The certificate's name, or the sentence.
std::string name_of(std::string_view arguments, std::vector<std::string> server_names) {
  Settings settings;
  const auto used = settings.use(words(arguments), server_names, line(1));
  return used ? *used : used.error().message();
}

Result<Config> finalized(std::string_view uses) {
  return configured(std::string(kCloud) + std::string(uses));
}

TEST(ShortForm, NameComesFromTheFirstNameAndTheKey) {
  EXPECT_EQ(name_of("source=scm", {"www.example.com", "example.com"}), "www.example.com");
  EXPECT_EQ(name_of("source=scm", {"_", "WWW.example.com"}), "www.example.com");
  EXPECT_EQ(name_of("source=scm key=rsa:2048", {"www.example.com"}), "www.example.com-rsa");
  EXPECT_EQ(name_of("source=scm key=ecdsa", {"www.example.com"}), "www.example.com-ecdsa");
  EXPECT_EQ(name_of("source=scm", {"*.example.com"}), "_wildcard.example.com");
  EXPECT_EQ(name_of("source=scm", {".example.com"}), "example.com");
  EXPECT_EQ(name_of("source=scm name=shop", {"www.example.com"}), "shop");
  EXPECT_EQ(name_of("source=scm names=a.example,b.example", {"~^x"}), "a.example");
  EXPECT_EQ(name_of("source=pca issuer=ISSUER", {"localhost"}), "localhost");
  EXPECT_THAT(
      name_of("source=scm", {std::string(60, 'a') + '.' + std::string(60, 'b') + ".example"}),
      HasSubstr("choose another with name=NAME"));
}

TEST(ShortForm, TellsTheLackOfANameFromEveryOtherMistake) {
  const auto lacks = [](std::string_view arguments, const std::vector<std::string>& names) {
    return Settings::lacks_names(words(arguments), names);
  };
  EXPECT_TRUE(lacks("source=scm", {}));
  EXPECT_TRUE(lacks("source=scm", {"_"}));
  EXPECT_TRUE(lacks("source=scm", {"localhost", ""}));
  EXPECT_FALSE(lacks("source=pca issuer=ISSUER", {"localhost"}));
  EXPECT_FALSE(lacks("source=scm", {"_", "www.example.com"}));
  EXPECT_FALSE(lacks("source=scm names=a.example", {"_"}));
  EXPECT_FALSE(lacks("source=scm", {"~^www"})) << "a pattern needs names=";
  EXPECT_FALSE(lacks("source=scm", {"a..b"}));
  EXPECT_FALSE(lacks("source=scm nonsense", {"_"}));
  EXPECT_FALSE(lacks("intranet", {"_"})) << "a block has names of its own";
}

TEST(ShortForm, NeedsANameItCanCertify) {
  EXPECT_THAT(name_of("source=scm", {}), HasSubstr("has no name that a certificate can carry;"));
  EXPECT_THAT(name_of("source=scm", {"_"}),
              HasSubstr("can carry (_); give it one, or write names="));
  EXPECT_THAT(name_of("source=scm", {"localhost"}), HasSubstr("can carry (localhost)"));
  EXPECT_THAT(name_of("source=scm", {"www.example.com", "~^w"}), HasSubstr("pattern"));
  std::vector<std::string> many;
  for (int i = 0; i < 101; ++i) many.push_back("n" + std::to_string(i) + ".example.com");
  EXPECT_THAT(name_of("source=scm", many), HasSubstr("has 101 names, more than the 100"));
}

TEST(ShortForm, RefusesWhatItDoesNotUnderstand) {
  const std::vector<std::string> host{"www.example.com"};
  EXPECT_THAT(name_of("source=scm renew_befor=5d", host),
              HasSubstr("unknown parameter \"renew_befor\" of a certificate; did you mean "
                        "\"renew_before=\"?"));
  EXPECT_THAT(name_of("source=scm region=x", host), HasSubstr("unknown parameter \"region\""));
  EXPECT_THAT(name_of("key=rsa", host), HasSubstr("source is missing"));
  EXPECT_THAT(name_of("source=scm rsa", host), HasSubstr("\"rsa\" is not understood"));
  EXPECT_THAT(name_of("source=scm key=", host), HasSubstr("write KEY=VALUE"));
  EXPECT_THAT(name_of("=scm", host), HasSubstr("unknown parameter"));
  EXPECT_EQ(name_of("source=scm source=scm", host), "\"source=\" is given twice");
  EXPECT_EQ(name_of("source=scm keep=1 keep=1", host), "\"keep=\" is given twice");
  EXPECT_EQ(name_of("source=pca issuer=ISSUER id=x", host),
            "source: \"id=x\" is not understood after pca; write pca issuer=ID");
  EXPECT_EQ(name_of("source=scm id=a id=b", host), "\"id=\" is given twice");
  EXPECT_EQ(name_of("source=scm uploads=on uploads=off", host), "\"uploads=\" is given twice");
  EXPECT_THAT(name_of("source=scm issuer=ISSUER", host), HasSubstr("write scm [id=ID]"));
  EXPECT_EQ(name_of("source=scm uploads=maybe", host),
            "source: uploads: \"maybe\" is neither fallback, on nor off");
  EXPECT_THAT(name_of("source=scm uplods=on", host), HasSubstr("did you mean \"uploads=\"?"));
  EXPECT_EQ(name_of("source=scm issuers=A|B trust=system", host), name_of("source=scm", host));
  EXPECT_EQ(name_of("source=scm trust=any trust=any", host), "\"trust=\" is given twice");
  EXPECT_THAT(name_of("source=scm trust=none", host), HasSubstr("is neither keep, system, any"));
  EXPECT_THAT(name_of("source=pca", host), HasSubstr("issuer is missing"));
  EXPECT_THAT(name_of("source=scm names=a.example,,b.example", host), HasSubstr("names: "));
  EXPECT_THAT(name_of("source=scm name=a/b", host), HasSubstr("name: \"a/b\" cannot name"));
}

TEST(ShortForm, ParametersReachTheConfig) {
  const auto config = finalized(
      "use source=pca issuer=ISSUER key=rsa:3072 validity=30d key_origin=cloud renew_before=10d "
      "check_interval=1h keep=7 fallback=off names=a.example,b.example name=x");
  ASSERT_TRUE(config) << problem_of(config);
  const CertificateSpec* spec = config->find("x");
  ASSERT_NE(spec, nullptr);
  EXPECT_THAT(spec->names, ElementsAre("a.example", "b.example"));
  EXPECT_EQ(spec->source, SourceSpec(PcaSource{.issuer_id = std::string(kTestIssuer),
                                               .key_origin = KeyOrigin::cloud,
                                               .validity = Seconds(30 * 86400)}));
  EXPECT_EQ(spec->key, (crypto::KeyType{crypto::KeyAlgorithm::rsa, 3072}));
  EXPECT_EQ(spec->renew_before, RenewalWindow(Seconds(10 * 86400)));
  EXPECT_EQ(spec->check_interval, Seconds(3600));
  EXPECT_EQ(spec->keep, 7U);
  EXPECT_FALSE(spec->fallback);
  EXPECT_EQ(to_string(spec->key.value()), "rsa:3072");
}

TEST(ShortForm, VirtualHostsShareWhenOneHasAllNamesOfTheOther) {
  for (const char* uses : {"use source=scm | a.example\nuse source=scm | a.example b.example",
                           "use source=scm | a.example b.example\nuse source=scm | a.example"}) {
    const auto config = finalized(uses);
    ASSERT_TRUE(config) << problem_of(config);
    ASSERT_EQ(config->certificates().size(), 1U);
    EXPECT_THAT(config->certificates()[0].names, ElementsAre("a.example", "b.example"));
  }
}

TEST(ShortForm, VirtualHostsWithDifferentNamesAreToldApart) {
  EXPECT_EQ(problem_of(finalized("use source=scm | a.example b.example\n"
                                 "use source=scm | a.example c.example")),
            "the certificate \"a.example\" has other names in test.conf:3; put the names of both "
            "virtual hosts into a certificate block, or write name=NAME to tell the two apart");
}

TEST(ShortForm, VirtualHostsWithDifferentParametersAreToldApart) {
  EXPECT_THAT(
      problem_of(finalized("use source=scm | a.example\nuse source=scm keep=1 | a.example")),
      HasSubstr("has other parameters in test.conf:3"));
  EXPECT_THAT(problem_of(finalized("use source=scm | a.example\n"
                                   "use source=pca issuer=ISSUER | a.example")),
              HasSubstr("has other parameters"));
  // Different spellings of the same thing.
  EXPECT_TRUE(
      finalized("use source=scm key=rsa renew_before=1d | a.example\n"
                "use renew_before=24h key=rsa:2048 source=scm | a.example"));
}

TEST(ShortForm, BothKeyTypesOfOneHostAreTwoCertificates) {
  const auto config = finalized(
      "use source=scm key=rsa | a.example\n"
      "use source=scm key=ecdsa | a.example");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->certificates().size(), 2U);
  EXPECT_EQ(config->certificates()[0].name, "a.example-ecdsa");
  EXPECT_EQ(config->certificates()[1].name, "a.example-rsa");
}

TEST(ShortForm, BlockAndImplicitCertificateCannotShareAName) {
  Settings block_first;
  EXPECT_THAT(
      problem_of(add_lines(block_first, "certificate a.example\nuse source=scm | a.example")),
      HasSubstr("is taken by the certificate block in test.conf:1"));
  Settings use_first;
  EXPECT_THAT(problem_of(add_lines(use_first, "use source=scm | a.example\ncertificate a.example")),
              HasSubstr("is taken by the virtual host in test.conf:1"));
}

}  // namespace
}  // namespace ccm::config
