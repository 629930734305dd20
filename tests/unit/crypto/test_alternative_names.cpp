// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "crypto/certificate/alternative_names.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using testing::ElementsAre;

using Names = std::vector<std::string>;

Certificate with_names(Names names, std::string common_name = "cn.example.com") {
  return test::make_test_self_signed(
             {.common_name = std::move(common_name), .names = std::move(names)})
      .certificate;
}

TEST(AlternativeNames, AreCanonical) {
  const Certificate certificate =
      with_names({"WWW.Example.com", "*.example.com", "IP:192.0.2.7", "IP:2001:DB8::7"});
  EXPECT_THAT(read_alternative_names(certificate.native()),
              ElementsAre("www.example.com", "*.example.com", "192.0.2.7", "2001:db8::7"));
}

TEST(AlternativeNames, ANameThatNoClientMatchesIsLeftOut) {
  const Certificate certificate =
      with_names({std::string("www.example.com\0.evil.test", 26), "a b.example.com",
                  "good.example.com", "w*.example.com", "example.com.", "192.0.2.7", ""});
  EXPECT_THAT(read_alternative_names(certificate.native()), ElementsAre("good.example.com"));
}

// Go and the browsers have not looked at it for years.
TEST(AlternativeNames, TheCommonNameNeverSpeaks) {
  EXPECT_THAT(with_names({std::string("a\0b", 3)}).names(), ElementsAre());
  EXPECT_THAT(with_names({}, "cn.example.com").names(), ElementsAre());
  EXPECT_EQ(alternative_names_problem(with_names({}).native()), "");
}

// Go refuses the whole certificate for one of them.
TEST(AlternativeNames, AMalformedOneIsSeenBesideGoodOnes) {
  const auto problem = [](Names names) {
    return alternative_names_problem(with_names(std::move(names)).native());
  };
  EXPECT_EQ(problem({"good.example.com", "w*.example.com", "IP:192.0.2.7"}), "");
  EXPECT_EQ(problem({"good.example.com", "b\xc3\xbc.example.com"}),
            "entry 2 of its subjectAltName is malformed");
  // An address of five bytes.
  const std::string short_address("\x87\x05\xc0\x00\x02\x07\x01", 7);
  const X509Handle certificate(X509_new());
  const std::string der = std::string("\x30\x07", 2) + short_address;
  const Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> value(ASN1_OCTET_STRING_new());
  ASSERT_EQ(ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                                  static_cast<int>(der.size())),
            1);
  const Handle<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value.get()));
  ASSERT_EQ(X509_add_ext(certificate.get(), extension.get(), -1), 1);
  EXPECT_EQ(alternative_names_problem(certificate.get()),
            "entry 1 of its subjectAltName is malformed");
}

TEST(AlternativeNames, BuildsWhatItReads) {
  const Names names{"www.example.com", "*.example.com", "192.0.2.7", "2001:db8::7"};
  const Result<GeneralNamesHandle> built = make_alternative_names(names);
  ASSERT_TRUE(built);
  const X509Handle certificate(X509_new());
  ASSERT_EQ(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, built->get(), 0, 0), 1);
  EXPECT_THAT(read_alternative_names(certificate.get()), testing::ElementsAreArray(names));
  // A second extension of the kind makes both worthless (RFC 5280 section 4.2).
  ASSERT_EQ(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, built->get(), 0,
                              X509V3_ADD_APPEND),
            1);
  EXPECT_THAT(read_alternative_names(certificate.get()), ElementsAre());
  EXPECT_EQ(alternative_names_problem(certificate.get()), "its subjectAltName is not readable");
}

}  // namespace
}  // namespace ccm::crypto
