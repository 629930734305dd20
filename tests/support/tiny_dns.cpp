// SPDX-License-Identifier: Apache-2.0
#include "support/tiny_dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"

namespace ccm::test {
namespace {

constexpr std::size_t kUdpLimit = 512;
constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kCountAt = 6;
constexpr unsigned char kAnswer = 0x84;     // an answer, with authority
constexpr unsigned char kTruncated = 0x02;  // the same byte

int type_of(const std::string& word) {
  const std::map<std::string, int> types{{"A", ns_t_a},
                                         {"AAAA", ns_t_aaaa},
                                         {"NS", ns_t_ns},
                                         {"CNAME", ns_t_cname},
                                         {"TXT", ns_t_txt}};
  return types.at(word);
}

std::vector<unsigned char> labels_of(const std::string& name) {
  std::vector<unsigned char> bytes;
  for (const std::string_view label : split(name, '.')) {
    if (label.empty()) continue;
    bytes.push_back(static_cast<unsigned char>(label.size()));
    bytes.insert(bytes.end(), label.begin(), label.end());
  }
  bytes.push_back(0);
  return bytes;
}

std::vector<unsigned char> data_of(int type, const std::string& value) {
  std::vector<unsigned char> bytes;
  if (type == ns_t_a || type == ns_t_aaaa) {
    bytes.resize(type == ns_t_a ? sizeof(in_addr) : sizeof(in6_addr));
    if (inet_pton(type == ns_t_a ? AF_INET : AF_INET6, value.c_str(), bytes.data()) != 1) abort();
  } else if (type == ns_t_txt) {
    for (std::size_t at = 0; at < value.size() || at == 0; at += 255) {
      const std::string part = value.substr(at, 255);
      bytes.push_back(static_cast<unsigned char>(part.size()));
      bytes.insert(bytes.end(), part.begin(), part.end());
    }
  } else {
    bytes = labels_of(value);
  }
  return bytes;
}

void add_number(std::vector<unsigned char>& bytes, std::size_t number) {
  bytes.push_back(static_cast<unsigned char>(number >> 8U));
  bytes.push_back(static_cast<unsigned char>(number & 0xffU));
}

FileDescriptor bind_loopback(int kind, std::uint16_t port) {
  FileDescriptor file(socket(AF_INET, kind | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool is_bound =
      bind(file.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      (kind == SOCK_DGRAM || listen(file.get(), 8) == 0);
  return is_bound ? std::move(file) : FileDescriptor();
}

std::uint16_t port_of(int file) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) != 0) abort();
  return ntohs(address.sin_port);
}

}  // namespace

TinyDns::TinyDns() {
  // A port that is free for both.
  for (int attempt = 0; attempt < 50 && !udp_; ++attempt) {
    tcp_ = bind_loopback(SOCK_STREAM, 0);
    if (!tcp_) abort();
    port_ = port_of(tcp_.get());
    udp_ = bind_loopback(SOCK_DGRAM, port_);
  }
  int ends[2];
  if (!udp_ || pipe2(ends, O_CLOEXEC) != 0) abort();
  end_[0] = FileDescriptor(ends[0]);
  end_[1] = FileDescriptor(ends[1]);
  thread_ = std::thread([this] { run(); });
}

TinyDns::~TinyDns() {
  end_[1].reset();
  thread_.join();
}

void TinyDns::add(const std::string& name, const std::string& type, const std::string& value) {
  const std::lock_guard lock(mutex_);
  records_.emplace(name, Record{type_of(type), data_of(type_of(type), value)});
}

void TinyDns::remove(const std::string& name, const std::string& type) {
  const std::lock_guard lock(mutex_);
  std::erase_if(records_, [&](const auto& each) {
    return each.first == name && each.second.type == type_of(type);
  });
}

void TinyDns::add_zone(const std::string& zone) {
  add(zone, "NS", "ns1." + zone);
  add("ns1." + zone, "A", "127.0.0.1");
}

void TinyDns::run() {
  for (;;) {
    std::array<pollfd, 3> waiting{
        {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {end_[0].get(), POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting[2].revents != 0) return;
    if (waiting[0].revents != 0) serve_udp();
    if (waiting[1].revents != 0) serve_tcp();
  }
}

void TinyDns::serve_udp() {
  Bytes question(kUdpLimit);
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  auto* place = reinterpret_cast<sockaddr*>(&peer);
  const ssize_t size = recvfrom(udp_.get(), question.data(), question.size(), 0, place, &peer_size);
  if (size < static_cast<ssize_t>(kHeaderSize)) return;
  question.resize(static_cast<std::size_t>(size));
  Bytes given = answer(question);
  if (given.size() > kUdpLimit) {
    given = question;
    given[2] = kAnswer | kTruncated;
  }
  sendto(udp_.get(), given.data(), given.size(), 0, place, peer_size);
}

void TinyDns::serve_tcp() {
  const FileDescriptor peer(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::array<unsigned char, 2> size{};
  if (recv(peer.get(), size.data(), size.size(), MSG_WAITALL) != 2) return;
  Bytes question((std::size_t{size[0]} << 8U) | size[1]);
  if (question.size() < kHeaderSize || recv(peer.get(), question.data(), question.size(),
                                            MSG_WAITALL) != static_cast<ssize_t>(question.size())) {
    return;
  }
  ++questions_by_tcp_;
  const Bytes given = answer(question);
  Bytes framed;
  add_number(framed, given.size());
  framed.insert(framed.end(), given.begin(), given.end());
  send(peer.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
}

TinyDns::Bytes TinyDns::answer(const Bytes& question) const {
  ns_msg message{};
  ns_rr asked{};
  Bytes given = question;
  given[2] = kAnswer;
  given[3] = static_cast<unsigned char>(refusal_);
  if (ns_initparse(question.data(), static_cast<int>(question.size()), &message) != 0 ||
      ns_parserr(&message, ns_s_qd, 0, &asked) != 0) {
    given[3] = ns_r_formerr;
    return given;
  }
  if (given[3] != 0) return given;
  const std::lock_guard lock(mutex_);
  const auto [first, last] = records_.equal_range(to_lower(ns_rr_name(asked)));
  if (first == last) given[3] = ns_r_nxdomain;
  std::size_t count = 0;
  for (auto each = first; each != last; ++each) {
    if (each->second.type != ns_rr_type(asked) && each->second.type != ns_t_cname) continue;
    add_record(given, each->second);
    ++count;
  }
  given[kCountAt] = 0;
  given[kCountAt + 1] = static_cast<unsigned char>(count);
  return given;
}

void TinyDns::add_record(Bytes& answer, const Record& record) const {
  add_number(answer, 0xc000U | kHeaderSize);  // the name is the question's
  add_number(answer, static_cast<std::size_t>(record.type));
  add_number(answer, ns_c_in);
  add_number(answer, 0);
  add_number(answer, 60);  // seconds
  add_number(answer, record.data.size());
  answer.insert(answer.end(), record.data.begin(), record.data.end());
}

}  // namespace ccm::test
