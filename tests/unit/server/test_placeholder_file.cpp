// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/certificate/certificate.h"
#include "crypto/certificate/pem.h"
#include "crypto/key/key_pair.h"
#include "server/start/placeholder_file.h"
#include "support/denied_calls.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Chain = PlaceholderFile::Chain;

std::string content(const PlaceholderFile& file) {
  // As mod_ssl opens it.
  return test::read_whole_file(file.path());
}

TEST(PlaceholderFile, HoldsACertificateForTheNamesWithItsKey) {
  PlaceholderFile file;
  EXPECT_EQ(file.descriptor(), -1);
  ASSERT_TRUE(file.write({"www.example.com", "w?w.example.com", "*.example.org"}, Chain::leaf,
                         test::kTestNow, {}));
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

// What is in the file once, mod_ssl keeps once for each virtual host.
TEST(PlaceholderFile, HoldsItsIssuerOnlyWhereThatIsWanted) {
  PlaceholderFile file;
  ASSERT_TRUE(file.write({"a.example"}, Chain::leaf, test::kTestNow, {}));
  const auto alone = crypto::parse_certificates_pem(content(file));
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->size(), 1U);
  ASSERT_TRUE(file.write({"a.example"}, Chain::leaf_and_issuer, test::kTestNow, {}));
  const auto both = crypto::parse_certificates_pem(content(file));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->size(), 2U);
}

TEST(PlaceholderFile, HasPathsThatDifferAndMeanTheSame) {
  PlaceholderFile file;
  EXPECT_EQ(file.path(), "");
  ASSERT_TRUE(file.write({"a.example"}, Chain::leaf, test::kTestNow, {}));
  EXPECT_NE(file.path("./"), file.path());
  EXPECT_EQ(test::read_whole_file(file.path("././/")), content(file));
}

// Without /proc it needs a name: nobody else may pass to it, and it goes with the object.
int write_without_proc() {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", "/proc", "tmpfs", 0, nullptr) != 0) {
    return 1;
  }
  std::string path;
  {
    PlaceholderFile first;
    if (!first.write({"a.example"}, Chain::leaf, test::kTestNow, {})) return 2;
    PlaceholderFile file = std::move(first);
    path = file.path("./");
    struct stat facts {};
    if (content(file).find("PRIVATE KEY") == std::string::npos) return 3;
    if (stat(path.c_str(), &facts) != 0 || (facts.st_mode & 07777U) != 0600) return 4;
    const std::string directory = path.substr(0, path.rfind("/./"));
    if (stat(directory.c_str(), &facts) != 0 || (facts.st_mode & 07777U) != 0700) return 5;
    path = directory;
  }
  return access(path.c_str(), F_OK) == 0 ? 6 : 0;
}

TEST(PlaceholderFile, WithoutProcItIsInADirectoryOfItsOwn) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may hide /proc";
  EXPECT_EQ(test::in_child_without({}, write_without_proc), 0);
}

TEST(PlaceholderFile, NeedsNoMemfd) {
  const auto write = [] {
    PlaceholderFile file;
    if (!file.write({"a.example"}, Chain::leaf, test::kTestNow, {})) return 1;
    return content(file).find("PRIVATE KEY") == std::string::npos ? 2 : 0;
  };
  EXPECT_EQ(test::in_child_without({{SYS_memfd_create, EPERM}}, write), 0);
  EXPECT_EQ(test::in_child_without({{SYS_memfd_create, 0}}, write), 0);
}

TEST(PlaceholderFile, IsReplacedByTheNextOneAsAWhole) {
  PlaceholderFile file;
  const std::vector<std::string> many(1, std::string(60, 'a') + ".example.com");
  ASSERT_TRUE(file.write(many, Chain::leaf, test::kTestNow, {}));
  ASSERT_TRUE(file.write({"b.example"}, Chain::leaf, test::kTestNow, {}));
  const auto certificates = crypto::parse_certificates_pem(content(file));
  ASSERT_TRUE(certificates);
  EXPECT_THAT(certificates->front().names(), ElementsAre("b.example"));
}

}  // namespace
}  // namespace ccm::server
