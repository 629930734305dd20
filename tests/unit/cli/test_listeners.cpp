// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/handle.h"
#include "cli/survey/listeners.h"
#include "support/temp_directory.h"

namespace ccm::cli {
namespace {

using crypto::NetworkAddress;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> addresses_in(std::string_view table) {
  std::vector<std::string> all;
  for (const ListeningSocket& each : parse_listening_sockets(table)) {
    all.push_back(to_string(each.address));
  }
  return all;
}

constexpr std::string_view kHead =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";

TEST(Listeners, TablesOfTheKernelAreRead) {
  const std::string table =
      std::string(kHead) +
      "   0: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4711 1 0000000000000000 100 0 0 10 0\n"
      "   1: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 "
      "4712 1 0000000000000000 100 0 0 10 0\n"
      "  12: 070200C0:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4713 1 0000000000000000 100 0 0 10 0\n";
  EXPECT_THAT(addresses_in(table), ElementsAre("127.0.0.1:443", "192.0.2.7:8443"));
  EXPECT_EQ(parse_listening_sockets(table).front().inode, 4711u);
}

TEST(Listeners, AddressesOfVersionSixAreRead) {
  const std::string table =
      std::string(kHead) +
      "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0\n"
      "   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 "
      "0\n";
  EXPECT_THAT(addresses_in(table), ElementsAre("[::1]:443", "[2001:db8::1]:443"));
}

TEST(Listeners, OtherTextHoldsNone) {
  EXPECT_THAT(addresses_in(""), IsEmpty());
  EXPECT_THAT(addresses_in("a b c 0A e f g h i j\n: x y 0A\n"), IsEmpty());
  EXPECT_THAT(addresses_in("0: 000000:01BB x 0A a b c d e 1\n0: 00000000:1 x 0A a b c d e x\n"),
              IsEmpty());
}

// A listening socket of this process, and a server whose master it pretends to be.
class OwnListeners : public testing::Test {
 protected:
  OwnListeners() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_.get(), 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    own_ = {.host = "127.0.0.1", .port = ntohs(address.sin_port)};
  }

  Result<std::vector<NetworkAddress>> addresses(const std::string& pid_file) const {
    const std::string path = (directory_.path() / "server.pid").string();
    EXPECT_TRUE(write_file_atomically(path, pid_file));
    config::Settings settings;
    auto config = settings.finalize();
    EXPECT_TRUE(config);
    store::EffectiveSettings server{.server = {}, .config = *std::move(config)};
    server.facts.place = path;
    return listening_addresses(server);
  }

  test::TempDirectory directory_;
  FileDescriptor socket_;
  NetworkAddress own_;
};

TEST_F(OwnListeners, AreFoundByThePidFile) {
  const auto found = addresses(std::to_string(getpid()) + "\n");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_THAT(*found, Contains(own_));
  socket_.reset();
  const auto later = addresses(std::to_string(getpid()));
  EXPECT_THAT(later.value_or(std::vector<NetworkAddress>()), Not(Contains(own_)));
}

TEST_F(OwnListeners, ItIsSaidWhyTheyAreNotKnown) {
  for (const char* text : {"", "x", "0"}) {
    EXPECT_THAT(addresses(text).error().message(), HasSubstr("holds no number")) << text;
  }
  EXPECT_THAT(addresses("4194305").error().message(), HasSubstr("--connect HOST:PORT"));
}

TEST(Addresses, AreResolved) {
  const auto text = [](const char* given) {
    const auto found = resolve_address(given);
    return found && !found->empty() ? to_string(found->front()) : std::string("none");
  };
  EXPECT_EQ(text("127.0.0.1:443"), "127.0.0.1:443");
  EXPECT_EQ(text("[::1]:8443"), "[::1]:8443");
  for (const char* wrong :
       {"", "443", "host", "host:", ":443", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x"}) {
    EXPECT_THAT(resolve_address(wrong).error().message(), HasSubstr("write HOST:PORT")) << wrong;
  }
  EXPECT_EQ(resolve_address("no.such.host.invalid:443").error().kind(), ErrorKind::transient);
}

}  // namespace
}  // namespace ccm::cli
