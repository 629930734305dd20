// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "crypto/key/sealing.h"

namespace ccm::crypto {
namespace {

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  return to_hex(std::as_bytes(std::span(bytes)));
}

struct GcmVector {
  std::string_view key, nonce, context, text, encrypted, tag;
};

// The test cases 13 to 16 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega.
constexpr std::string_view kKey16 =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kNonce16 = "cafebabefacedbaddecaf888";
constexpr GcmVector kVectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey16, kNonce16, "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {kKey16, kNonce16, "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Sealing, EncryptsAsThePublishedVectorsDo) {
  for (const GcmVector& vector : kVectors) {
    const Secret key = Secret::copy_of(from_hex(vector.key));
    const std::string nonce = from_hex(vector.nonce);
    const std::string context = from_hex(vector.context);
    const Secret text = Secret::copy_of(from_hex(vector.text));
    const std::string encrypted = encrypt_gcm(key, nonce, context, text).value();
    EXPECT_EQ(hex_of(encrypted), std::string(vector.encrypted) + std::string(vector.tag));
    EXPECT_TRUE(decrypt_gcm(key, nonce, context, encrypted).value().equals(text));
    EXPECT_FALSE(decrypt_gcm(key, nonce, context + "x", encrypted));
  }
}

TEST(Sealing, OpensWhatWasSealed) {
  const SealingKey key = make_sealing_key().value();
  EXPECT_EQ(key.id.size(), 16U);
  for (const std::string text : {"", "x", "a private key"}) {
    const std::string sealed = seal(key, "fleet|www|1", Secret::copy_of(text)).value();
    EXPECT_EQ(sealed.find("private"), std::string::npos);
    EXPECT_EQ(sealing_key_id(sealed).value(), key.id);
    EXPECT_EQ(unseal(key, "fleet|www|1", sealed).value().reveal(), text);
    EXPECT_NE(seal(key, "fleet|www|1", Secret::copy_of(text)).value(), sealed);
  }
}

TEST(Sealing, DoesNotOpenElsewhere) {
  const SealingKey key = make_sealing_key().value();
  const std::string sealed = seal(key, "fleet|www|1", Secret::copy_of("x")).value();
  EXPECT_EQ(unseal(key, "fleet|www|2", sealed).error().kind(), ErrorKind::invalid);
  SealingKey other = make_sealing_key().value();
  EXPECT_FALSE(unseal(other, "fleet|www|1", sealed));
  other.id = key.id;
  EXPECT_FALSE(unseal(other, "fleet|www|1", sealed));
}

TEST(Sealing, FindsOutAboutEveryAlteredByteAndEveryCut) {
  const SealingKey key = make_sealing_key().value();
  const std::string sealed = seal(key, "c", Secret::copy_of("text")).value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(unseal(key, "c", altered)) << i;
    const Result<Secret> cut = unseal(key, "c", sealed.substr(0, i));
    ASSERT_FALSE(cut) << i;
    EXPECT_EQ(cut.error().kind(), ErrorKind::invalid);
  }
  EXPECT_FALSE(unseal(key, "c", sealed + "x"));
}

TEST(Sealing, DoesNotTakeOneLayerForTheOther) {
  const SealingKey key = make_sealing_key().value();
  const std::string sealed = seal(key, "c", Secret::copy_of(std::string(32, 'k'))).value();
  const std::size_t head = sealed.size() - 2 * 60;  // a data key and a text of its size
  std::string swapped = sealed.substr(0, head) + sealed.substr(head + 60) + sealed.substr(head, 60);
  EXPECT_FALSE(unseal(key, "c", swapped));
}

TEST(Sealing, RefusesKeysOfAnotherSize) {
  const SealingKey weak{.id = "1", .key = Secret::copy_of("short")};
  EXPECT_EQ(seal(weak, "c", Secret()).error().kind(), ErrorKind::internal);
  const SealingKey nameless{.id = "", .key = Secret::of_size(kSealingKeySize)};
  EXPECT_EQ(seal(nameless, "c", Secret()).error().kind(), ErrorKind::internal);
}

}  // namespace
}  // namespace ccm::crypto
