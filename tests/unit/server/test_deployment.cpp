// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>

#include "server/deployment.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An agent that lives until its lifeline ends.
constexpr char kAgent[] = "#!/bin/sh\nexec cat <&4 >/dev/null\n";

class DeploymentTest : public testing::Test {
 protected:
  ~DeploymentTest() override { const FileDescriptor segment(retained_.segment); }

  std::unique_ptr<Deployment> configured(const std::vector<std::string>& names = {"www"}) {
    const std::filesystem::path agent = directory_.write("agent", kAgent);
    std::filesystem::permissions(agent, std::filesystem::perms(0755));
    config::Settings settings;
    EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("state_path", {(directory_ / "state").string()}, {}));
    EXPECT_TRUE(settings.set("agent_path", {agent.string()}, {}));
    for (const std::string& name : names) {
      EXPECT_TRUE(settings.add_certificate(name, {}));
      EXPECT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
      EXPECT_TRUE(settings.set_in(name, "names", {"www.example.com"}, {}));
      EXPECT_TRUE(settings.set_in(name, "key", {"ecdsa:256"}, {}));
    }
    return std::make_unique<Deployment>(std::move(settings), log_);
  }

  static void expect_end_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }

  // The directory must outlive every agent.
  test::TempDirectory directory_;
  test::MemoryLog log_;
  Retained retained_;
};

bool is_open(int descriptor) {
  return fcntl(descriptor, F_GETFD) >= 0;
}

TEST_F(DeploymentTest, SaysWhatIsWrongWithTheConfiguration) {
  Deployment deployment({}, log_);
  ASSERT_TRUE(deployment.settings().add_certificate("www", {}));
  EXPECT_FALSE(deployment.judge(Deployment::Host::examined));
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("\"www\"")));
  EXPECT_EQ(deployment.config(), nullptr);
}

TEST_F(DeploymentTest, LooksAtTheHostOnlyWhenTold) {
  auto deployment = configured();
  std::filesystem::remove(directory_ / "agent");
  EXPECT_TRUE(deployment->judge(Deployment::Host::ignored));
  EXPECT_THAT(log_.errors(), IsEmpty());
  EXPECT_FALSE(deployment->judge(Deployment::Host::examined));
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("agent")));
}

TEST_F(DeploymentTest, WarnsOfTwoCertificatesOfOneKindInOneSite) {
  auto deployment = configured({"a", "b"});
  deployment->add_site({"a", "b"});
  EXPECT_TRUE(deployment->judge(Deployment::Host::examined));
  EXPECT_THAT(log_.lines(Severity::warn), ElementsAre(HasSubstr("\"a\" and \"b\" of one server")));
}

TEST_F(DeploymentTest, SitesShareTheirCertificates) {
  auto deployment = configured({"a", "b"});
  const CertificateSet& first = deployment->add_site({"a"});
  const CertificateSet& second = deployment->add_site({"b", "a"});
  EXPECT_EQ(first.certificates()[0], second.certificates()[1]);
}

TEST_F(DeploymentTest, ShowsAPlaceholderAndStartsTheAgent) {
  auto deployment = configured();
  const CertificateSet& site = deployment->add_site({"www"});
  ASSERT_TRUE(deployment->judge(Deployment::Host::examined));
  deployment->start({}, retained_);
  const auto* published = site.certificates()[0]->newest();
  ASSERT_NE(published, nullptr);
  EXPECT_TRUE(published->is_placeholder);
  EXPECT_TRUE(is_open(retained_.segment));
  EXPECT_EQ(fcntl(retained_.segment, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  const pid_t monitor = deployment->monitor();
  ASSERT_GT(monitor, 0);
  deployment.reset();
  expect_end_of(monitor);
  EXPECT_THAT(log_.errors(), IsEmpty());
}

TEST_F(DeploymentTest, ShowsWithoutAnAgentWhatItCan) {
  auto deployment = configured();
  const CertificateSet& site = deployment->add_site({"www"});
  ASSERT_TRUE(deployment->judge(Deployment::Host::examined));
  std::filesystem::remove(directory_ / "agent");
  deployment->start({}, retained_);
  EXPECT_NE(site.certificates()[0]->newest(), nullptr);
  EXPECT_EQ(deployment->monitor(), -1);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("the agent was not started")));
}

TEST_F(DeploymentTest, TheNextConfigurationGoesOnWithTheSegment) {
  auto first = configured();
  CertificateSet& site = first->add_site({"www"});
  ASSERT_TRUE(first->judge(Deployment::Host::examined));
  first->start({}, retained_);
  const pid_t monitor = first->monitor();
  first->stop();
  expect_end_of(monitor);

  auto second = configured();
  CertificateSet& renewed = second->add_site({"www"});
  ASSERT_TRUE(second->judge(Deployment::Host::examined));
  second->start({}, retained_);
  // The second one's placeholder is seen by who mapped the first one's segment.
  EXPECT_EQ(site.certificates()[0]->newest()->bundle.leaf().fingerprint(),
            renewed.certificates()[0]->newest()->bundle.leaf().fingerprint());
  const pid_t successor = second->monitor();
  second.reset();
  expect_end_of(successor);
}

TEST_F(DeploymentTest, AnAgentThatDiedIsStartedAnew) {
  auto deployment = configured();
  ASSERT_TRUE(deployment->judge(Deployment::Host::examined));
  deployment->start({}, retained_);
  const pid_t first = deployment->monitor();
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  deployment->restart_agent({}, retained_);
  const pid_t second = deployment->monitor();
  ASSERT_GT(second, 0);
  deployment.reset();
  expect_end_of(second);
}

TEST_F(DeploymentTest, AWorkerKeepsNeitherLifelineNorSegment) {
  auto deployment = configured();
  const CertificateSet& site = deployment->add_site({"www"});
  ASSERT_TRUE(deployment->judge(Deployment::Host::examined));
  deployment->start({}, retained_);
  const pid_t monitor = deployment->monitor();
  const int segment = retained_.segment;
  deployment->enter_worker(retained_);
  expect_end_of(monitor);
  EXPECT_EQ(retained_.segment, -1);
  EXPECT_FALSE(is_open(segment));
  EXPECT_NE(site.certificates()[0]->newest(), nullptr);
}

TEST_F(DeploymentTest, WithoutCertificatesThereIsNoAgent) {
  auto deployment = configured({});
  ASSERT_TRUE(deployment->judge(Deployment::Host::examined));
  deployment->start({}, retained_);
  EXPECT_EQ(deployment->monitor(), -1);
  EXPECT_EQ(retained_.segment, -1);
}

}  // namespace
}  // namespace ccm::server
