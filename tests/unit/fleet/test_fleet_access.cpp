// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fleet/access/fleet_access.h"
#include "support/temp_directory.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;

// Otherwise etcd would be asked without them.
TEST(FleetAccess, RefusesEveryFileThatIsEmpty) {
  test::TempDirectory directory;
  for (const char* text : {"", "\n", " \n\n"}) {
    directory.write("empty", text);
    const std::string empty = directory.path().string() + "/empty";
    for (const auto file :
         {&config::FleetConfig::ca_file, &config::FleetConfig::certificate_file,
          &config::FleetConfig::certificate_key_file, &config::FleetConfig::login_file}) {
      config::FleetConfig fleet;
      fleet.*file = empty;
      const auto read = read_etcd_access(fleet);
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().kind(), ErrorKind::invalid);
      EXPECT_THAT(read.error().message(), HasSubstr(empty + ", is empty"));
    }
    const auto host = read_host_key(empty);
    ASSERT_FALSE(host);
    EXPECT_THAT(host.error().message(), HasSubstr(empty + ", is empty"));
  }
}

}  // namespace
}  // namespace ccm::fleet
