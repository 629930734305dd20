// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "publication/codec.h"
#include "publication_fixture.h"
#include "support/test_pki.h"

namespace ccm::publication {
namespace {

Secret encoded(const Published& published) {
  auto bytes = encode(published);
  EXPECT_TRUE(bytes);
  return *std::move(bytes);
}

TEST(Codec, EverythingComesBack) {
  for (const bool is_placeholder : {false, true}) {
    Published sent = make_published("www.example.com", is_placeholder);
    sent.ocsp_response = {std::byte{1}, std::byte{0}, std::byte{255}};
    const Secret bytes = encoded(sent);
    const auto received = decode(bytes.bytes());
    ASSERT_TRUE(received) << received.error().message();
    ASSERT_EQ(received->bundle.chain().size(), 2U);
    EXPECT_EQ(identity_of(*received), identity_of(sent));
    EXPECT_EQ(received->bundle.chain()[1].fingerprint(), sent.bundle.chain()[1].fingerprint());
    EXPECT_TRUE(received->bundle.leaf().matches(received->bundle.key()));
    EXPECT_EQ(received->ocsp_response, sent.ocsp_response);
    EXPECT_EQ(received->is_placeholder, is_placeholder);
    EXPECT_EQ(publication::is_placeholder(bytes.bytes().first(kHeadSize)), is_placeholder);
    EXPECT_TRUE(encoded(*received).equals(bytes));
  }
}

TEST(Codec, EveryKeyKindAndSelfSignedComesBack) {
  for (const char* kind : {"RSA-2048", "P-256", "P-384"}) {
    const auto own = test::make_test_self_signed({.names = {"a.example"}, .key_kind = kind});
    auto bundle = crypto::Bundle::make({own.certificate}, own.key);
    ASSERT_TRUE(bundle) << bundle.error().message();
    const auto received = decode(encoded({.bundle = *bundle, .ocsp_response = {}}).bytes());
    ASSERT_TRUE(received) << received.error().message();
    EXPECT_EQ(received->bundle.leaf().fingerprint(), own.certificate.fingerprint());
  }
}

TEST(Codec, EveryShorterAndLongerInputIsRefused) {
  const Secret bytes = encoded(make_published("www.example.com"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(bytes.bytes().first(size))) << size;
  }
  Secret longer = Secret::of_size(bytes.size() + 1);
  std::copy(bytes.bytes().begin(), bytes.bytes().end(), longer.mutable_bytes().begin());
  EXPECT_FALSE(decode(longer.bytes()));
}

TEST(Codec, AnyByteMayBeWrong) {
  const Secret bytes = encoded(make_published("www.example.com"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Secret damaged = bytes.clone();
    damaged.mutable_bytes()[i] ^= std::byte{0xff};
    const auto received = decode(damaged.bytes());
    // A flipped bit in a signature is not the codec's to find; a wrong pair of keys is.
    if (!received) continue;
    EXPECT_TRUE(received->bundle.leaf().matches(received->bundle.key())) << i;
  }
}

TEST(Codec, KeyOfAnotherCertificateIsRejected) {
  const Secret first = encoded(make_published("a.example"));
  const Published other = make_published("b.example");
  const Secret key = *other.bundle.key().to_der();
  // P-256 keys have DER of one size, so the other key fits in place.
  Secret mixed = first.clone();
  const std::size_t at = mixed.size() - sizeof(std::uint32_t) - key.size();
  std::copy(key.bytes().begin(), key.bytes().end(),
            mixed.mutable_bytes().begin() + static_cast<std::ptrdiff_t>(at));
  const auto received = decode(mixed.bytes());
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().kind(), ErrorKind::rejected) << received.error().message();
}

TEST(Codec, PlaceholderCannotBeToldFromTooLittle) {
  EXPECT_FALSE(is_placeholder({}));
}

}  // namespace
}  // namespace ccm::publication
