// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "crypto/certificate/pem.h"
#include "fixtures.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using test::with_line_ends;
using test::with_one_long_line;
using testing::HasSubstr;
using testing::StartsWith;

class Pem : public testing::Test {
 protected:
  const test::TestAuthority root_ = test::make_test_root();
  const test::TestCertificate leaf_ = test::make_test_leaf(root_, {.names = {"www.example.com"}});
  const std::string leaf_pem_ = leaf_.certificate.to_pem();
  const std::string root_pem_ = root_.certificate.to_pem();

  void expect_both(const std::string& text) {
    const Result<std::vector<Certificate>> parsed = parse_certificates_pem(text);
    ASSERT_TRUE(parsed) << parsed.error().message() << "\n" << text;
    ASSERT_EQ(parsed->size(), 2u);
    EXPECT_EQ((*parsed)[0].fingerprint(), leaf_.certificate.fingerprint());
    EXPECT_EQ((*parsed)[1].fingerprint(), root_.certificate.fingerprint());
  }

  static std::string problem_of(const std::string& text) {
    const Result<std::vector<Certificate>> parsed = parse_certificates_pem(text);
    EXPECT_FALSE(parsed) << text;
    if (parsed) return {};
    EXPECT_EQ(parsed.error().kind(), ErrorKind::invalid);
    return parsed.error().message();
  }
};

TEST_F(Pem, ReadsWhatItWrites) {
  const std::string text = to_pem({leaf_.certificate, root_.certificate});
  EXPECT_EQ(text, leaf_pem_ + root_pem_);
  expect_both(text);
}

TEST_F(Pem, GluedBlocks) {
  const std::string leaf = leaf_pem_.substr(0, leaf_pem_.size() - 1);
  ASSERT_TRUE(leaf.ends_with("-----END CERTIFICATE-----"));
  expect_both(leaf + root_pem_.substr(0, root_pem_.size() - 1));
  expect_both(with_line_ends(leaf_pem_ + root_pem_, ""));
}

TEST_F(Pem, OtherLineEnds) {
  expect_both(with_line_ends(leaf_pem_ + root_pem_, "\r\n"));
  expect_both(with_line_ends(leaf_pem_ + root_pem_, "\r"));
  expect_both(with_line_ends(leaf_pem_ + root_pem_, " \n\n"));
  expect_both(with_one_long_line(leaf_pem_) + with_one_long_line(root_pem_));
}

TEST_F(Pem, StrayTextAndOtherBlocksAreIgnored) {
  expect_both("\xef\xbb\xbf# made by hand\n" + leaf_pem_ + "subject=CN = x\n" + leaf_.key_pem() +
              "-----BEGIN\n" + root_pem_ + std::string("\0end", 4));
}

TEST_F(Pem, NoBlockIsNoCertificate) {
  EXPECT_TRUE(parse_certificates_pem("").value().empty());
  EXPECT_TRUE(parse_certificates_pem("hello").value().empty());
  EXPECT_TRUE(parse_certificates_pem(leaf_.key_pem()).value().empty());
}

TEST_F(Pem, SaysWhichBlockDoesNotParse) {
  std::string garbage = root_pem_;
  garbage[40] = '\\';
  EXPECT_THAT(problem_of(leaf_pem_ + garbage),
              AllOf(StartsWith("certificate 2 in the PEM text: "), HasSubstr("does not belong")));
  EXPECT_THAT(problem_of("-----BEGIN CERTIFICATE-----\nZm9vYmFy\n-----END CERTIFICATE-----\n"),
              StartsWith("certificate 1 in the PEM text: not an X.509 certificate"));
  EXPECT_THAT(problem_of("-----BEGIN CERTIFICATE----------END CERTIFICATE-----"),
              HasSubstr("nothing between its markers"));
}

TEST_F(Pem, ABlockWithoutItsEndIsAnError) {
  const std::string cut = leaf_pem_.substr(0, leaf_pem_.size() / 2);
  EXPECT_THAT(problem_of(cut), HasSubstr("no END CERTIFICATE"));
  EXPECT_THAT(problem_of(cut + root_pem_), StartsWith("certificate 1"));
  EXPECT_THAT(problem_of(leaf_pem_ + "-----BEGIN CERTIFICATE-----"), StartsWith("certificate 2"));
}

TEST_F(Pem, EveryTruncationIsAnError) {
  const std::size_t complete = leaf_pem_.size() - 1;
  for (std::size_t size = 27; size < complete; ++size) {
    EXPECT_FALSE(parse_certificates_pem(leaf_pem_.substr(0, size)).has_value()) << size;
  }
}

TEST_F(Pem, AbsurdSizesAreRefused) {
  EXPECT_THAT(problem_of(std::string((1 << 20) + 1, 'x')), HasSubstr("make sense"));
}

}  // namespace
}  // namespace ccm::crypto
