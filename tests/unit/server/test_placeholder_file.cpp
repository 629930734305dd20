#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/certificate.h"
#include "crypto/key_pair.h"
#include "crypto/pem.h"
#include "server/placeholder_file.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string content(const PlaceholderFile& file) {
  // As mod_ssl opens it.
  return test::read_whole_file(fmt::format("/proc/self/fd/{}", file.descriptor()));
}

TEST(PlaceholderFile, HoldsACertificateForTheNamesWithItsKey) {
  PlaceholderFile file;
  EXPECT_EQ(file.descriptor(), -1);
  ASSERT_TRUE(file.write({"www.example.com", "w?w.example.com", "*.example.org"}, test::kTestNow));
  const std::string text = content(file);
  const auto certificates = crypto::parse_certificates_pem(text);
  ASSERT_TRUE(certificates);
  ASSERT_FALSE(certificates->empty());
  EXPECT_THAT(certificates->front().names(), ElementsAre("www.example.com", "*.example.org"));
  const auto key = crypto::KeyPair::parse_pem(text);
  ASSERT_TRUE(key);
  EXPECT_TRUE(certificates->front().matches(*key));
  EXPECT_EQ(fcntl(file.descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(PlaceholderFile, IsReplacedByTheNextOneAsAWhole) {
  PlaceholderFile file;
  const std::vector<std::string> many(1, std::string(60, 'a') + ".example.com");
  ASSERT_TRUE(file.write(many, test::kTestNow));
  ASSERT_TRUE(file.write({"b.example"}, test::kTestNow));
  const auto certificates = crypto::parse_certificates_pem(content(file));
  ASSERT_TRUE(certificates);
  EXPECT_THAT(certificates->front().names(), ElementsAre("b.example"));
}

}  // namespace
}  // namespace ccm::server
