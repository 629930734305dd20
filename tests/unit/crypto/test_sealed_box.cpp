// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/key/sealed_box.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

TEST(SealedBox, OpensForItsRecipientOnly) {
  const KeyPair recipient = test::make_test_key("P-256");
  const std::string half = public_half(recipient).value();
  const std::string box = close_box(half, "place", Secret::copy_of("text")).value();
  EXPECT_EQ(box.find("text"), std::string::npos);
  EXPECT_EQ(open_box(recipient, "place", box).value().reveal(), "text");
  EXPECT_NE(close_box(half, "place", Secret::copy_of("text")).value(), box);
  EXPECT_EQ(open_box(recipient, "elsewhere", box).error().kind(), ErrorKind::invalid);
  EXPECT_FALSE(open_box(test::make_test_key("P-256"), "place", box));
  EXPECT_FALSE(open_box(test::make_test_key("P-384"), "place", box));
}

TEST(SealedBox, FindsOutAboutEveryAlteredByteAndEveryCut) {
  const KeyPair recipient = test::make_test_key("P-256");
  const std::string box =
      close_box(public_half(recipient).value(), "c", Secret::copy_of("text")).value();
  for (std::size_t i = 0; i < box.size(); ++i) {
    std::string altered = box;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(open_box(recipient, "c", altered)) << i;
    EXPECT_FALSE(open_box(recipient, "c", box.substr(0, i))) << i;
  }
}

TEST(SealedBox, TakesNoOtherKindOfKey) {
  for (const char* kind : {"RSA-2048", "P-384", "ED25519"}) {
    const std::string half = public_half(test::make_test_key(kind)).value();
    EXPECT_EQ(close_box(half, "c", Secret()).error().kind(), ErrorKind::invalid) << kind;
  }
  EXPECT_FALSE(close_box("", "c", Secret()));
  EXPECT_FALSE(close_box(public_half(test::make_test_key("P-256")).value() + "x", "c", Secret()));
}

}  // namespace
}  // namespace ccm::crypto
