// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/key/sealed_box.h"
#include "fleet/access/host_key.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kId = "0123456789abcdef0123456789abcdef";

TEST(HostKey, ComesBackFromItsFile) {
  HostKey made = make_host_key("web-1").value();
  EXPECT_EQ(parse_host_key(serialize(made).value())->fleet_key, "");
  made.fleet_key = kId;
  const HostKey read = parse_host_key(serialize(made).value()).value();
  EXPECT_EQ(read.name, "web-1");
  EXPECT_EQ(read.fleet_key, kId);
  EXPECT_TRUE(read.key.has_same_public_key(made.key));
}

TEST(HostKey, RefusesWhatIsNone) {
  const HostKey made = make_host_key("web-1").value();
  const std::string pem(made.key.to_pem()->reveal());
  const auto rsa = crypto::KeyPair::generate({}).value();
  for (const std::string& text : std::vector<std::string>{
           std::string(), std::string("name: web-1\n"), pem, "name: a b\n" + pem,
           "name: web-1\nfleet-key: xyz\n" + pem, "scribble\n" + pem,
           "name: web-1\n-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n",
           "name: web-1\n" + std::string(rsa.to_pem()->reveal())}) {
    const auto read = parse_host_key(Secret::copy_of(std::string_view(text)));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(read.error().message(), Not(HasSubstr(pem.substr(30, 30))));
  }
  for (const char* name : {"", "two words", "a/b", "a\nb"}) EXPECT_FALSE(make_host_key(name));
}

TEST(JoinRequest, IsALineThatAMemberReads) {
  const HostKey made = make_host_key("web-1").value();
  const std::string line = join_request_of(made).value();
  const JoinRequest read = parse_join_request(" " + line + "\n").value();
  EXPECT_EQ(read.name, "web-1");
  EXPECT_EQ(read.public_half, crypto::public_half(made.key).value());
  for (const std::string& wrong : std::vector<std::string>{
           std::string(), line + " x", "ccm-host web-1 AAAA", line.substr(0, line.size() - 8),
           "ccm-host web;1" + line.substr(line.rfind(' ')), line.substr(4)}) {
    EXPECT_FALSE(parse_join_request(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace ccm::fleet
