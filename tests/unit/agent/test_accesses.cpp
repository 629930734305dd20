// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/cloud/accesses.h"
#include "config/input/settings.h"
#include "fleet/access/host_key.h"
#include "store/host/fleet_note.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

class AccessesTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(state_path_); }
  std::string file(const char* name, const std::string& text) {
    const std::filesystem::path path = directory_.write(name, text);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    return path.string();
  }
  // The key of a host that was let in.
  std::string host_key() {
    fleet::HostKey host = fleet::make_host_key("web-1").value();
    host.fleet_key = "0123456789abcdef0123456789abcdef";
    return file("fleet.key", std::string(fleet::serialize(host)->reveal()));
  }
  static std::vector<std::string> fleet_with(const std::string& key) {
    return {"etcd", "https://etcd1.example:2379", "fleet=web", "key=" + key};
  }
  config::Config configured(const std::vector<std::string>& credentials,
                            const std::vector<std::string>& store) {
    config::Settings settings;
    EXPECT_TRUE(settings.set("credentials", credentials, {}));
    EXPECT_TRUE(settings.set("store", store, {}));
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("user", {"root"}, {}));
    EXPECT_TRUE(settings.set("state_path", {state_path_}, {}));
    return settings.finalize().value();
  }
  std::vector<std::string> no_credentials() const {
    return {"file=" + (directory_ / "none").string()};
  }

  test::TempDirectory directory_;
  std::string state_path_ = (directory_ / "state").string();
  test::MemoryLog log_;
};

TEST_F(AccessesTest, WithoutAFleetTheHostLeadsWhateverItsCredentials) {
  const config::Config config = configured(no_credentials(), {"file"});
  Accesses accesses = read_accesses(config, log_);
  EXPECT_TRUE(accesses.may_lead);
  EXPECT_TRUE(accesses.cloud.trouble());
  EXPECT_THAT(log_.text(), HasSubstr("served but not renewed"));
  ASSERT_TRUE(store::write_fleet_note(state_path_, {.fleet = "web", .host = "h"}));
  EXPECT_TRUE(open_agent_store(config, state_path_, accesses, log_));
  EXPECT_EQ(store::read_fleet_note(state_path_), std::nullopt);
}

TEST_F(AccessesTest, AHostOfAFleetWithoutCredentialsLeavesTheLeadToOthers) {
  const Accesses accesses =
      read_accesses(configured(no_credentials(), fleet_with(host_key())), log_);
  EXPECT_FALSE(accesses.may_lead);
  ASSERT_TRUE(accesses.fleet);
  EXPECT_EQ(accesses.fleet->host.name, "web-1");
  EXPECT_THAT(log_.text(), HasSubstr("does not lead the fleet"));
  EXPECT_TRUE(read_accesses(configured({"ecs"}, fleet_with(host_key())), log_).may_lead);
}

TEST_F(AccessesTest, AHostThatCannotReadItsFleetServesItsCopyAndSaysSo) {
  const config::Config config = configured({"ecs"}, fleet_with((directory_ / "none.key").string()));
  Accesses accesses = read_accesses(config, log_);
  EXPECT_FALSE(accesses.may_lead);
  EXPECT_FALSE(accesses.fleet);
  EXPECT_THAT(log_.text(), HasSubstr("none.key"));
  const auto store = open_agent_store(config, state_path_, accesses, log_);
  ASSERT_TRUE(store) << store.error().message();
  const auto note = store::read_fleet_note(state_path_);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->fleet, "web");
  EXPECT_FALSE(note->is_connected);
  EXPECT_THAT(note->problem, HasSubstr("none.key"));
}

// No file of it is bad: the remedy is in the first half of the sentence.
TEST_F(AccessesTest, AHostThatWasNotLetInYetIsToldHow) {
  const fleet::HostKey host = fleet::make_host_key("web-1").value();
  const std::string key = file("fleet.key", std::string(fleet::serialize(host)->reveal()));
  EXPECT_FALSE(read_accesses(configured({"ecs"}, fleet_with(key)), log_).may_lead);
  EXPECT_THAT(log_.text(), HasSubstr("`ccmctl fleet join --fleet-key ID` takes it; until that is "
                                     "put right, this host serves its copy"));
  EXPECT_THAT(log_.text(), Not(HasSubstr("good again")));
}

TEST_F(AccessesTest, AFleetWithBadFilesOfItsOwnIsNoReasonNotToStart) {
  std::vector<std::string> place = fleet_with(host_key());
  place.push_back("ca=" + file("ca.pem", "nothing"));
  const config::Config config = configured({"ecs"}, place);
  Accesses accesses = read_accesses(config, log_);
  EXPECT_TRUE(accesses.may_lead);
  const auto store = open_agent_store(config, state_path_, accesses, log_);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_FALSE(accesses.may_lead);
  EXPECT_THAT(log_.text(), HasSubstr("serves its copy"));
}

}  // namespace
}  // namespace ccm::agent
