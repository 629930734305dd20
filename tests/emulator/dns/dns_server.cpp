// SPDX-License-Identifier: Apache-2.0
#include "dns/dns_server.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>

#include "dns/dns_answer.h"
#include "world.h"

namespace emulator {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using DnsAcceptor = asio::ip::tcp::acceptor;

constexpr std::size_t kUdpLimit = 512;  // RFC 1035 section 4.2.1
constexpr std::size_t kTcpLimit = 65535;
constexpr const char* kDnsPort = "dns_port";

// Both sockets on one port; they live as long as the process.
struct DnsSockets {
  asio::io_context context;
  udp::socket datagrams{context};
  DnsAcceptor streams{context};

  // False when one of the two ports is taken.
  bool open(unsigned short port) {
    const auto address = asio::ip::address_v4::loopback();
    boost::system::error_code error;
    datagrams = udp::socket(context);
    streams = DnsAcceptor(context);
    datagrams.open(udp::v4(), error);
    if (!error) datagrams.bind({address, port}, error);
    if (error) return false;
    const unsigned short bound = datagrams.local_endpoint().port();
    streams.open(asio::ip::tcp::v4(), error);
    if (!error) streams.set_option(DnsAcceptor::reuse_address(true), error);
    if (!error) streams.bind({address, bound}, error);
    if (!error) streams.listen(asio::socket_base::max_listen_connections, error);
    return !error;
  }
};

std::string locked_answer(World& world, const std::string& question, std::size_t limit) {
  const std::scoped_lock lock(world.mutex);
  try {
    return answer_dns(world, question, limit);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "ccm-emulator: a DNS question failed: {}\n", problem.what());
    return "";
  }
}

[[noreturn]] void serve_datagrams(World& world, udp::socket& socket) {
  std::string buffer(kTcpLimit, '\0');
  for (;;) {
    udp::endpoint client;
    boost::system::error_code error;
    const std::size_t length = socket.receive_from(asio::buffer(buffer), client, 0, error);
    if (error) continue;
    const std::string answer = locked_answer(world, buffer.substr(0, length), kUdpLimit);
    if (!answer.empty()) socket.send_to(asio::buffer(answer), client, 0, error);
  }
}

// RFC 1035 section 4.2.2: two bytes of length before each message.
void serve_stream(World& world, asio::ip::tcp::socket socket) {
  boost::system::error_code error;
  for (;;) {
    unsigned char length[2];
    asio::read(socket, asio::buffer(length), error);
    if (error) return;
    std::string question((static_cast<std::size_t>(length[0]) << 8U) | length[1], '\0');
    asio::read(socket, asio::buffer(question), error);
    if (error) return;
    const std::string answer = locked_answer(world, question, kTcpLimit);
    if (answer.empty()) return;
    const std::string framed = std::string{static_cast<char>(answer.size() >> 8U),
                                           static_cast<char>(answer.size() & 0xFFU)} +
                               answer;
    asio::write(socket, asio::buffer(framed), error);
    if (error) return;
  }
}

[[noreturn]] void serve_streams(World& world, DnsAcceptor& acceptor) {
  for (;;) {
    asio::ip::tcp::socket socket(acceptor.get_executor());
    boost::system::error_code error;
    acceptor.accept(socket, error);
    if (error) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    std::thread([&world, accepted = std::move(socket)]() mutable {
      serve_stream(world, std::move(accepted));
    }).detach();
  }
}

void open_sockets(const World& world, DnsSockets& sockets) {
  constexpr int kAttempts = 20;
  const json* kept = world.store.find("setting", kDnsPort);
  if (kept != nullptr && sockets.open(kept->get<unsigned short>())) return;
  // A port that is free for one protocol may be taken for the other.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (sockets.open(0)) return;
  }
  throw std::runtime_error("there is no free port for DNS on 127.0.0.1");
}

}  // namespace

void serve_dns(World& world) {
  // Never freed: its threads use it until the process ends.
  static DnsSockets* const kSockets = new DnsSockets;
  open_sockets(world, *kSockets);
  const unsigned short port = kSockets->datagrams.local_endpoint().port();
  world.store.put("setting", kDnsPort, port);
  world.dns_server = fmt::format("127.0.0.1:{}", port);
  std::thread([&world] { serve_datagrams(world, kSockets->datagrams); }).detach();
  std::thread([&world] { serve_streams(world, kSockets->streams); }).detach();
}

}  // namespace emulator
