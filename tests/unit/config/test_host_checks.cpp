// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/checks/host_checks.h"
#include "settings_builder.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uid_t kNobody = 65534;

auto fatal(const std::string& text) {
  return AllOf(Field(&HostFinding::fatal, true), Field(&HostFinding::sentence, HasSubstr(text)));
}
auto warning(const std::string& text) {
  return AllOf(Field(&HostFinding::fatal, false), Field(&HostFinding::sentence, HasSubstr(text)));
}

class HostChecks : public testing::Test {
 protected:
  // Findings of a configuration with one certificate; the account is one that exists.
  std::vector<HostFinding> findings(const std::string& text) {
    const auto config = configured("region r\nuser root\n" + text +
                                   "\ncertificate a\n  source scm\n  names a.example");
    EXPECT_TRUE(config) << problem_of(config);
    return config ? check_host(*config) : std::vector<HostFinding>{};
  }
  std::string file(std::string_view name, std::string_view content, mode_t mode) {
    const std::string path = directory_.write(name, content);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  test::TempDirectory directory_;
};

TEST_F(HostChecks, CredentialsFileMustBeThereAndOwnerOnly) {
  const std::string good = file("good", "[basic]\n", 0600);
  EXPECT_THAT(findings("credentials file=" + good), IsEmpty());
  EXPECT_THAT(findings("credentials ecs"), IsEmpty());
  EXPECT_THAT(findings("credentials file=/does/not/exist"),
              ElementsAre(fatal("\"/does/not/exist\" cannot be used: No such file")));
  const std::string open = file("open", "", 0640);
  EXPECT_THAT(findings("credentials file=" + open),
              ElementsAre(warning("(mode 0640); make it 0600")));
  EXPECT_THAT(findings("credentials file=" + directory_.path().string()),
              ElementsAre(fatal("is not a regular file")));
}

TEST_F(HostChecks, CredentialsMatterOnlyWithCertificates) {
  const auto config = configured("user root\ncredentials file=/does/not/exist");
  ASSERT_TRUE(config);
  EXPECT_THAT(check_host(*config), IsEmpty());
}

TEST_F(HostChecks, TrustFileMustHoldACertificate) {
  const std::string pem =
      test::make_test_self_signed({.names = {"ca.example"}}).certificate.to_pem();
  const std::string good = file("ca.pem", pem, 0644);
  const std::string link = directory_ / "link.pem";
  ASSERT_EQ(symlink(good.c_str(), link.c_str()), 0);
  const std::string cloud = "credentials ecs\nssl_trusted_certificate ";
  EXPECT_THAT(findings(cloud + good), IsEmpty());
  EXPECT_THAT(findings(cloud + link), IsEmpty());
  EXPECT_THAT(findings(cloud + file("none.pem", "nothing here\n", 0644)),
              ElementsAre(fatal("holds no certificate")));
  EXPECT_THAT(findings(cloud + file("half.pem", pem.substr(0, pem.size() / 2), 0644)),
              ElementsAre(fatal("cannot be used")));
  EXPECT_THAT(findings(cloud + "/does/not/exist"), ElementsAre(fatal("No such file")));
}

TEST_F(HostChecks, TheFileOfASourcesTrustMustHoldACertificate) {
  const auto source = [&](const std::string& path) {
    const auto config =
        configured("region r\nuser root\ncredentials ecs\ncertificate a\n  names " +
                   std::string("a.example\n  source scm trust=") + path +
                   "\ncertificate b\n  names b.example\n  source scm trust=" + path);
    EXPECT_TRUE(config) << problem_of(config);
    return check_host(*config);
  };
  const std::string pem =
      test::make_test_self_signed({.names = {"ca.example"}}).certificate.to_pem();
  EXPECT_THAT(source(file("ca.pem", pem, 0644)), IsEmpty());
  // Once, however many certificates name it.
  EXPECT_THAT(source("/does/not/exist"),
              ElementsAre(fatal("file of the source's trust= \"/does/not/exist\" cannot be used")));
  EXPECT_THAT(source(file("none.pem", "nothing here\n", 0644)),
              ElementsAre(fatal("holds no certificate")));
}

TEST_F(HostChecks, AgentMustBeExecutable) {
  const std::string cloud = "credentials ecs\nagent_path ";
  EXPECT_THAT(findings(cloud + "/bin/true"), IsEmpty());
  EXPECT_THAT(findings(cloud + file("agent", "", 0600)), ElementsAre(fatal("cannot be executed")));
  EXPECT_THAT(findings(cloud + "/does/not/exist"), ElementsAre(fatal("agent program")));
}

TEST_F(HostChecks, UserMustExist) {
  const auto config = configured("user no-such-account-here");
  ASSERT_TRUE(config);
  EXPECT_THAT(check_host(*config), ElementsAre(fatal("\"no-such-account-here\" does not exist")));
}

TEST_F(HostChecks, RootWithoutAnAccountIsWarnedOf) {
  const auto config = configured("");
  ASSERT_TRUE(config);
  if (geteuid() == 0 && getpwnam("ccm") == nullptr) {
    EXPECT_THAT(check_host(*config), ElementsAre(warning("so nothing is renewed")));
  } else {
    EXPECT_THAT(check_host(*config), IsEmpty());
  }
}

TEST_F(HostChecks, OrdinaryUsersAreNotBotheredWithWhatTheyMayNotSee) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const std::string secret = file("secret", "[basic]\n", 0600);
  ASSERT_EQ(chmod(directory_.path().c_str(), 0700), 0);
  const auto config =
      configured("region r\ncredentials file=" + secret + "\nssl_trusted_certificate " + secret +
                 "\ncertificate a\n  source scm\n  names a.example");
  ASSERT_TRUE(config);
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(kNobody, kNobody, kNobody) != 0) _exit(2);
    _exit(check_host(*config).empty() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(HostFindings, ComeBackAsTheyWereSent) {
  const std::vector<HostFinding> sent{{true, "one: two"}, {false, "end"}};
  const auto received = decode_findings(encode_findings(sent));
  ASSERT_TRUE(received);
  ASSERT_EQ(received->size(), 2U);
  EXPECT_TRUE((*received)[0].fatal);
  EXPECT_EQ((*received)[0].sentence, "one: two");
  EXPECT_FALSE((*received)[1].fatal);
  EXPECT_EQ((*received)[1].sentence, "end");
  EXPECT_THAT(*decode_findings(encode_findings({})), IsEmpty());
}

TEST(HostFindings, AnAnswerThatIsNoneIsNotTakenForAllIsWell) {
  for (const char* text : {"", "end", "fatal: cut sh", "fatal: one\n", "fatal: one\nen",
                           "usage: ccm-agent\nend\n", "one\nend\n"}) {
    EXPECT_FALSE(decode_findings(text)) << text;
  }
  const std::string sent = encode_findings({{true, "two\nlines"}});
  EXPECT_EQ(decode_findings(sent)->size(), 1U);
}

}  // namespace
}  // namespace ccm::config
