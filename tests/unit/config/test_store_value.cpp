// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "config/directives/store_value.h"
#include "config/input/settings.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::optional<FleetConfig>> store(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) words.emplace_back(word);
  return parse_store(words);
}
std::string problem_with(std::string_view text) {
  const auto parsed = store(text);
  return parsed ? "" : parsed.error().message();
}

TEST(StoreValue, NamesAFleet) {
  const auto fleet = store(
      "etcd https://One:2379 https://two.example:2379 http://127.0.0.1:1 "
      "fleet=web key=/etc/ccm/fleet.key ca=/ca.pem certificate=/c.pem "
      "certificate_key=/k.pem login=/login");
  ASSERT_TRUE(fleet) << fleet.error().message();
  const FleetConfig& read = **fleet;
  EXPECT_THAT(read.endpoints,
              ElementsAre("https://one:2379", "https://two.example:2379", "http://127.0.0.1:1"));
  EXPECT_EQ(read.name, "web");
  EXPECT_EQ(read.key_file, "/etc/ccm/fleet.key");
  EXPECT_EQ(read.ca_file, "/ca.pem");
  EXPECT_EQ(read.certificate_file, "/c.pem");
  EXPECT_EQ(read.certificate_key_file, "/k.pem");
  EXPECT_EQ(read.login_file, "/login");
  EXPECT_EQ(store("file").value(), std::nullopt);
}

TEST(StoreValue, SaysWhatIsWrong) {
  EXPECT_THAT(problem_with("redis"), HasSubstr("write file, or etcd"));
  EXPECT_THAT(problem_with("file x"), HasSubstr("takes no more words"));
  EXPECT_THAT(problem_with("etcd fleet=web key=/k"), HasSubstr("no member of etcd is named"));
  EXPECT_THAT(problem_with("etcd https://e:1 key=/k"), HasSubstr("the fleet has no name"));
  EXPECT_THAT(problem_with("etcd https://e:1 fleet=web"), HasSubstr("this host has no key"));
  EXPECT_THAT(problem_with("etcd https://e:1 fleet=a/b key=/k"), HasSubstr("cannot name a fleet"));
  EXPECT_THAT(problem_with("etcd https://e:1 fleet=web key=k"), HasSubstr("not an absolute path"));
  EXPECT_THAT(problem_with("etcd https://e:1 fleet=web key=/k key=/l"), HasSubstr("given twice"));
  EXPECT_THAT(problem_with("etcd https://e:1 https://E:1 fleet=web key=/k"),
              HasSubstr("given twice"));
  EXPECT_THAT(problem_with("etcd https://e:1 fleet=web key=/k certificate=/c"),
              HasSubstr("belong together"));
  EXPECT_THAT(problem_with("etcd https://e:1 fleet=web key=/k colour=red"),
              HasSubstr("is not understood here"));
  EXPECT_THAT(problem_with("etcd https://e fleet=web key=/k"), HasSubstr("has no port"));
  EXPECT_THAT(problem_with("etcd https://e:1/v3 fleet=web key=/k"), HasSubstr("path or a query"));
  EXPECT_THAT(problem_with("etcd ftp://e:1 fleet=web key=/k"), HasSubstr("no member of etcd"));
  for (const char* host : {"etcd1", "10.0.0.1", "127.0.0.1.example.com"}) {
    EXPECT_THAT(problem_with("etcd http://" + std::string(host) + ":1 fleet=web key=/k"),
                HasSubstr("anybody on the way could change"));
  }
  EXPECT_EQ(problem_with("etcd http://[::1]:1 fleet=web key=/k"), "");
}

TEST(StoreValue, IsTheHostsOwnUnlessTold) {
  Settings settings;
  EXPECT_EQ(settings.finalize()->global().fleet, std::nullopt);
  ASSERT_TRUE(settings.set("store", {"etcd", "https://e:1", "fleet=web", "key=/k"}, {}));
  EXPECT_EQ(settings.finalize()->global().fleet->name, "web");
}

}  // namespace
}  // namespace ccm::config
