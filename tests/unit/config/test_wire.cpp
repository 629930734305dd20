// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/input/wire.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

using testing::HasSubstr;

constexpr std::string_view kEverything =
    "state_path /srv/ccm\nuser web\ncredentials file=/c profile=p\nregion r-1\n"
    "proxy off\nkeep 5\nrenew_before 20%\n"
    "use intranet | app.intra.example\n"
    "use source=scm | www.example.com example.com\n"
    "use source=scm | www.example.com\n"
    "use source=pca issuer=ISSUER names=b.example,c.example key=rsa | ~^b _\n"
    "certificate intranet\n  source pca issuer=ISSUER\n  validity 30d\n"
    "certificate spare\n  source scm id=scs1554192131150\n  names spare.example\n";

Handover everything() {
  Handover handover;
  handover.server = {.kind = ServerKind::nginx,
                     .error_log = "/var/log/nginx/error.log",
                     .log_level = Severity::info,
                     .launch_id = "42-1",
                     .module_path = "/m/ngx_ccm_module.so",
                     .module_version = "1.2"};
  handover.agent = {.path = "/l/ccm-agent", .version = "1.3", .pid = 77};
  EXPECT_EQ(problem_of(add_lines(handover.settings, kEverything)), "no error");
  return handover;
}

std::vector<std::string> fingerprints(const Settings& settings) {
  std::vector<std::string> found;
  const auto config = settings.finalize();
  EXPECT_TRUE(config) << problem_of(config);
  for (const CertificateSpec& spec : config->certificates()) {
    found.push_back(spec.name + to_string(spec.renew_before) + spec.origin.file +
                    std::to_string(spec.origin.line) + spec.fingerprint());
  }
  return found;
}

TEST(Wire, EverythingComesBack) {
  const Handover sent = everything();
  const auto received = decode_handover(encode_handover(sent));
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->server.kind, ServerKind::nginx);
  EXPECT_EQ(received->server.error_log, "/var/log/nginx/error.log");
  EXPECT_EQ(received->server.log_level, Severity::info);
  EXPECT_EQ(received->server.launch_id, "42-1");
  EXPECT_EQ(received->server.module_path, "/m/ngx_ccm_module.so");
  EXPECT_EQ(received->server.module_version, "1.2");
  EXPECT_EQ(received->agent.path, "/l/ccm-agent");
  EXPECT_EQ(received->agent.version, "1.3");
  EXPECT_EQ(received->agent.pid, 77U);
  EXPECT_EQ(fingerprints(received->settings), fingerprints(sent.settings));
  EXPECT_EQ(fingerprints(received->settings).size(), 4U);
  EXPECT_EQ(received->settings.finalize()->global().state_path, "/srv/ccm");
  EXPECT_EQ(encode_handover(*received), encode_handover(sent));
}

TEST(Wire, DialectStaysAtHome) {
  Handover foreign;
  foreign.settings = Settings(Dialect{.certificate_block = "section"});
  const Handover plain;
  EXPECT_EQ(encode_handover(foreign), encode_handover(plain));
}

TEST(Wire, EmptySettingsComeBack) {
  const auto received = decode_handover(encode_handover({}));
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->settings.empty());
  EXPECT_EQ(received->server.kind, ServerKind::none);
}

TEST(Wire, RandomSettingsComeBack) {
  std::mt19937 random(1);
  const auto pick = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  const std::vector<std::string> values{"33%", "30d", "1", "on", "/a", "x", "https://e", "ecs", ""};
  for (int round = 0; round < 200; ++round) {
    Handover sent;
    for (unsigned i = pick(12); i > 0; --i) {
      const std::string key(directives()[pick(static_cast<unsigned>(directives().size()))].key);
      const std::string name = "c" + std::to_string(pick(3));
      // What is refused stays out; what is left must survive the journey.
      static_cast<void>(sent.settings.set(key, {values[pick(9)]}, line(i)));
      static_cast<void>(sent.settings.add_certificate(name, line(i)));
      static_cast<void>(sent.settings.set_in(name, key, {values[pick(9)]}, line(i)));
      static_cast<void>(sent.settings.use({"source=scm"}, {name + ".example"}, line(i)));
    }
    const std::string bytes = encode_handover(sent);
    const auto received = decode_handover(bytes);
    ASSERT_TRUE(received) << received.error().message();
    EXPECT_EQ(encode_handover(*received), bytes);
  }
}

TEST(Wire, EveryShorterAndLongerInputIsRefused) {
  const std::string bytes = encode_handover(everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto received = decode_handover(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(received) << size;
    EXPECT_EQ(received.error().kind(), ErrorKind::invalid);
  }
  EXPECT_FALSE(decode_handover(bytes + '\0'));
}

TEST(Wire, AnyByteMayBeWrong) {
  const std::string bytes = encode_handover(everything());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      const auto received = decode_handover(damaged);
      if (!received) continue;
      EXPECT_EQ(encode_handover(*received), damaged) << i;
    }
  }
}

TEST(Wire, OtherVersionIsNamed) {
  std::string bytes = encode_handover({});
  bytes[8] = 9;
  const auto received = decode_handover(bytes);
  ASSERT_FALSE(received);
  EXPECT_THAT(received.error().message(), HasSubstr("have version 9"));
}

TEST(Wire, ForbiddenSettingsDoNotGetInThroughTheWire) {
  Handover sent;
  ASSERT_TRUE(sent.settings.set("state_path", {"/srv"}, line(1)));
  std::string bytes = encode_handover(sent);
  bytes.replace(bytes.find("/srv"), 4, "srv\n");
  EXPECT_FALSE(decode_handover(bytes));
}

}  // namespace
}  // namespace ccm::config
