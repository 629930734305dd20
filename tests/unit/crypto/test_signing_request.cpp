// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "crypto/certificate/alternative_names.h"
#include "crypto/key/signing_request.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::StartsWith;

using Names = std::vector<std::string>;

X509RequestHandle parse_request(const std::string& pem) {
  const BioHandle buffer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509RequestHandle(PEM_read_bio_X509_REQ(buffer.get(), nullptr, nullptr, nullptr));
}

X509RequestHandle make(const KeyPair& key, const Names& names) {
  const Result<std::string> pem = make_signing_request(key, names);
  EXPECT_TRUE(pem) << pem.error().message();
  EXPECT_THAT(*pem, StartsWith("-----BEGIN CERTIFICATE REQUEST-----\n"));
  return parse_request(*pem);
}

std::string common_name(const X509_REQ* request) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, text, sizeof text);
  return text;
}

// Its extensions, seen on a certificate so that the reader of those can read them.
struct RequestedNames {
  std::optional<Names> names;
  int critical = -1;
};

RequestedNames requested_names(X509_REQ* request) {
  const X509Handle carrier(X509_new());
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  EXPECT_EQ(sk_X509_EXTENSION_num(extensions), 1);
  for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i) {
    X509_add_ext(carrier.get(), sk_X509_EXTENSION_value(extensions, i), -1);
  }
  RequestedNames result{read_alternative_names(carrier.get()),
                        X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(extensions, 0))};
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  return result;
}

TEST(SigningRequest, CarriesEveryNameAndTheFirstAsCommonName) {
  const KeyPair key = test::make_test_key("P-256");
  const Names names{"*.example.com", "www.example.com", "192.0.2.7", "2001:db8::7"};
  const X509RequestHandle request = make(key, names);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(common_name(request.get()), "*.example.com");
  const RequestedNames requested = requested_names(request.get());
  EXPECT_THAT(requested.names, Optional(names));
  EXPECT_EQ(requested.critical, 0);
  EXPECT_EQ(X509_REQ_get_version(request.get()), X509_REQ_VERSION_1);
}

// As OpenSSL writes it.
TEST(SigningRequest, CarriesThePublicKeyInItsUsualForm) {
  for (const char* kind : {"RSA-2048", "P-256", "P-384", "P-521"}) {
    const KeyPair key = test::make_test_key(kind);
    const X509RequestHandle request = make(key, {"www.example.com"});
    ASSERT_NE(request, nullptr);
    unsigned char* carried = nullptr;
    unsigned char* usual = nullptr;
    const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request.get()), &carried);
    ASSERT_GT(size, 0) << kind;
    ASSERT_EQ(i2d_PUBKEY(key.native(), &usual), size) << kind;
    EXPECT_TRUE(std::equal(carried, carried + size, usual)) << kind;
    OPENSSL_free(carried);
    OPENSSL_free(usual);
  }
}

TEST(SigningRequest, IsSignedByTheKeyWithTheRightDigest) {
  const std::pair<std::string, int> expectations[] = {{"RSA-2048", NID_sha256WithRSAEncryption},
                                                      {"P-256", NID_ecdsa_with_SHA256},
                                                      {"P-384", NID_ecdsa_with_SHA384}};
  for (const auto& [kind, algorithm] : expectations) {
    const KeyPair key = test::make_test_key(kind);
    const X509RequestHandle request = make(key, {"www.example.com"});
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(X509_REQ_verify(request.get(), key.native()), 1) << kind;
    EXPECT_EQ(EVP_PKEY_eq(X509_REQ_get0_pubkey(request.get()), key.native()), 1) << kind;
    EXPECT_EQ(X509_REQ_get_signature_nid(request.get()), algorithm) << kind;
  }
}

TEST(SigningRequest, ACommonNameHas64CharactersAtMost) {
  const KeyPair key = test::make_test_key();
  const std::string long_name = std::string(60, 'a') + ".example";
  const std::string longest = std::string(56, 'a') + ".example";
  ASSERT_EQ(longest.size(), 64u);
  EXPECT_EQ(common_name(make(key, {long_name, "short.example"}).get()), "short.example");
  EXPECT_EQ(common_name(make(key, {longest}).get()), longest);
  const X509RequestHandle nameless = make(key, {long_name});
  EXPECT_EQ(common_name(nameless.get()), "");
  const RequestedNames requested = requested_names(nameless.get());
  EXPECT_THAT(requested.names, Optional(ElementsAre(long_name)));
  EXPECT_EQ(requested.critical, 1);
}

TEST(SigningRequest, NeedsAName) {
  const Result<std::string> request = make_signing_request(test::make_test_key(), {});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().kind(), ErrorKind::invalid);
}

}  // namespace
}  // namespace ccm::crypto
