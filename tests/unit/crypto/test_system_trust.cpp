// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "crypto/verification/client_verdict.h"
#include "crypto/verification/system_trust.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

namespace fs = std::filesystem;

class SystemTrustTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(setenv("SSL_CERT_FILE", file_.c_str(), 1), 0);
    ASSERT_EQ(setenv("SSL_CERT_DIR", (directory_ / "none").c_str(), 1), 0);
  }
  void TearDown() override {
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
  }
  void trust(const test::TestAuthority& root) {
    std::ofstream(file_) << root.certificate.to_pem();
    // Two writings may be one moment apart.
    fs::last_write_time(file_,
                        fs::file_time_type::clock::now() + std::chrono::seconds(++writings_));
  }
  bool is_trusted() const {
    return is_trusted_by_system({leaf_.certificate, issuer_.certificate}, test::kTestNow);
  }

  test::TempDirectory directory_;
  const fs::path file_ = directory_ / "roots.pem";
  int writings_ = 0;
  const test::TestAuthority root_ = test::make_test_root();
  const test::TestAuthority issuer_ = test::make_test_intermediate(root_);
  const test::TestCertificate leaf_ = test::make_test_leaf(issuer_, {.names = {"www.example.com"}});
};

TEST_F(SystemTrustTest, FollowsTheFile) {
  EXPECT_FALSE(is_trusted()) << "there is no file";
  trust(root_);
  EXPECT_TRUE(is_trusted());
  trust(test::make_test_root("Another Root"));
  EXPECT_FALSE(is_trusted());
  trust(root_);
  EXPECT_TRUE(is_trusted());
  fs::remove(file_);
  EXPECT_FALSE(is_trusted());
}

TEST_F(SystemTrustTest, IsReadOnceForAll) {
  trust(root_);
  const StoreHandle first = system_trust();
  EXPECT_EQ(system_trust(), first);
  // In place, so that it looks as before.
  const auto written = fs::last_write_time(file_);
  const auto size = fs::file_size(file_);
  std::ofstream(file_) << std::string(size, 'x');
  fs::last_write_time(file_, written);
  EXPECT_TRUE(is_trusted()) << "it was read again";
  trust(root_);
  EXPECT_NE(system_trust(), first);
}

TEST_F(SystemTrustTest, FollowsADirectoryAmongSeveral) {
  trust(root_);
  const fs::path roots = directory_ / "roots";
  fs::create_directory(roots);
  const std::string both = (directory_ / "none").string() + ":" + roots.string();
  ASSERT_EQ(setenv("SSL_CERT_DIR", both.c_str(), 1), 0);
  const StoreHandle first = system_trust();
  EXPECT_EQ(system_trust(), first);
  std::ofstream(roots / "12345678.0") << root_.certificate.to_pem();
  fs::last_write_time(roots, fs::file_time_type::clock::now() + std::chrono::seconds(9));
  EXPECT_NE(system_trust(), first);
}

}  // namespace
}  // namespace ccm::crypto
