#include <gmock/gmock.h>

#include "crypto/alternative_names.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using testing::ElementsAre;
using testing::Optional;

using Names = std::vector<std::string>;

Certificate with_names(Names names, std::string common_name = "cn.example.com") {
  return test::make_test_self_signed(
             {.common_name = std::move(common_name), .names = std::move(names)})
      .certificate;
}

TEST(AlternativeNames, AreCanonical) {
  const Certificate certificate =
      with_names({"WWW.Example.com", "*.example.com", "IP:192.0.2.7", "IP:2001:DB8::7"});
  EXPECT_THAT(
      read_alternative_names(certificate.native()),
      Optional(ElementsAre("www.example.com", "*.example.com", "192.0.2.7", "2001:db8::7")));
}

TEST(AlternativeNames, ANameThatNoClientMatchesIsLeftOut) {
  const Certificate certificate =
      with_names({std::string("www.example.com\0.evil.test", 26), "a b.example.com",
                  "good.example.com", "w*.example.com", "example.com.", "192.0.2.7", ""});
  EXPECT_THAT(read_alternative_names(certificate.native()),
              Optional(ElementsAre("good.example.com")));
}

TEST(AlternativeNames, OnlyBadOnesStillHideTheCommonName) {
  const Certificate certificate = with_names({std::string("a\0b", 3)});
  EXPECT_THAT(read_alternative_names(certificate.native()), Optional(Names{}));
  EXPECT_THAT(certificate.names(), ElementsAre());
}

TEST(AlternativeNames, AbsentMeansTheCommonNameSpeaks) {
  const Certificate certificate = with_names({}, "CN.Example.com");
  EXPECT_EQ(read_alternative_names(certificate.native()), std::nullopt);
  EXPECT_THAT(certificate.names(), ElementsAre("cn.example.com"));
}

TEST(CommonName, OnlyWhenItIsADnsName) {
  EXPECT_EQ(read_common_name(with_names({}, "Test Root").native()), std::nullopt);
  EXPECT_EQ(read_common_name(with_names({}, "192.0.2.7").native()), std::nullopt);
  EXPECT_EQ(read_common_name(with_names({}, "").native()), std::nullopt);
  EXPECT_EQ(read_common_name(with_names({}, std::string("www.example.com\0.evil", 20)).native()),
            std::nullopt);
}

TEST(AlternativeNames, BuildsWhatItReads) {
  const Names names{"www.example.com", "*.example.com", "192.0.2.7", "2001:db8::7"};
  const Result<GeneralNamesHandle> built = make_alternative_names(names);
  ASSERT_TRUE(built);
  const X509Handle certificate(X509_new());
  ASSERT_EQ(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, built->get(), 0, 0), 1);
  EXPECT_THAT(read_alternative_names(certificate.get()), Optional(names));
  // A second extension of the kind makes both worthless (RFC 5280 section 4.2).
  ASSERT_EQ(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, built->get(), 0,
                              X509V3_ADD_APPEND),
            1);
  EXPECT_THAT(read_alternative_names(certificate.get()), Optional(Names{}));
}

}  // namespace
}  // namespace ccm::crypto
