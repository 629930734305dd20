// SPDX-License-Identifier: Apache-2.0
// The reader of what the other hosts are set to, told by the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fleet/hosts/settings_reader.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SettingsReaderTest : public testing::Test {
 protected:
  SettingsReaderTest() { keys_.keys.push_back(crypto::make_sealing_key().value()); }
  void hear(const FleetKeys& keys, const Secret& text) {
    const std::string key = layout_.settings("id-of-two");
    const std::string value = keys.seal(key, text).value();
    reader_.hear({{.item = {.key = key, .value = value, .modified = ++revision_}}}, keys_);
  }

  test::TempDirectory directory_;
  test::MemoryLog log_;
  FleetKeys keys_;
  FleetRoster roster_;
  EtcdRevision revision_ = 10;
  const FleetLayout layout_ = FleetLayout::make("web").value();
  const std::unique_ptr<EtcdClient> etcd_ =
      EtcdClient::make({.endpoints = {"http://127.0.0.1:1"}}).value();
  SettingsReader reader_{*etcd_, "id-of-one", layout_, roster_, log_};
};

TEST_F(SettingsReaderTest, SaysThatSettingsOfBeforeStayInThePlaceOfWhatDoesNotCount) {
  const Secret good = pack_settings(directory_.path(), "two", {}).value();
  hear(keys_, good);
  EXPECT_THAT(log_.text(), IsEmpty());
  for (int i = 0; i < 2; ++i) hear(keys_, Secret::copy_of(std::string_view("nonsense")));
  const std::string words = "as the settings of the host \"two\" of the fleet changes nothing here";
  EXPECT_THAT(log_.text(), HasSubstr(words));
  EXPECT_EQ(log_.text().find(words), log_.text().rfind(words)) << "once";
  // It counts again, so the next fault is another one.
  hear(keys_, good);
  hear(keys_, Secret::copy_of(std::string_view("nonsense")));
  EXPECT_NE(log_.text().find(words), log_.text().rfind(words));
}

// Of a change of the key that has not come here yet.
TEST_F(SettingsReaderTest, SaysNothingOfAKeyThatThisHostIsAboutToGet) {
  const Secret good = pack_settings(directory_.path(), "two", {}).value();
  hear(keys_, good);
  FleetKeys next;
  next.keys.push_back(crypto::make_sealing_key().value());
  hear(next, good);
  EXPECT_THAT(log_.text(), IsEmpty());
}

}  // namespace
}  // namespace ccm::fleet
