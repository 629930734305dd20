// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/listeners.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "cli/host/agents.h"
#include "cli/host/links.h"

namespace ccm::cli {
namespace {

using crypto::NetworkAddress;

constexpr std::size_t kLargestPidFile = 64;
constexpr const char* kListening = "0A";
constexpr const char* kNameThem = "name the address with --connect HOST:PORT";

template <typename Number>
std::optional<Number> parse_hexadecimal(std::string_view text) {
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words = split(line, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

// The kernel prints the address as 32-bit numbers of the host's byte order.
std::optional<std::string> host_of(std::string_view digits) {
  constexpr std::size_t kGroup = 8;
  std::array<std::uint32_t, 4> groups{};
  const std::size_t count = digits.size() / kGroup;
  if (digits.size() % kGroup != 0 || (count != 1 && count != 4)) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    const auto group = parse_hexadecimal<std::uint32_t>(digits.substr(i * kGroup, kGroup));
    if (!group) return std::nullopt;
    groups[i] = *group;
  }
  const bool is_everywhere =
      std::all_of(groups.begin(), groups.end(), [](std::uint32_t each) { return each == 0; });
  if (is_everywhere) return count == 1 ? "127.0.0.1" : "::1";
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = count == 1 ? AF_INET : AF_INET6;
  if (inet_ntop(family, groups.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return text.data();
}

std::optional<ListeningSocket> parse_line(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < 10 || words[3] != kListening) return std::nullopt;
  const std::size_t colon = words[1].rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = host_of(words[1].substr(0, colon));
  const auto port = parse_hexadecimal<std::uint16_t>(words[1].substr(colon + 1));
  const auto inode = parse_unsigned(words[9]);
  if (!host || !port || !inode) return std::nullopt;
  return ListeningSocket{.address = {.host = *host, .port = *port}, .inode = *inode};
}

// The kernel's files have no size.
std::string read_table(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Result<std::uint64_t> master_of(const store::EffectiveSettings& server) {
  const std::string& path = server.facts.place;
  if (path.empty()) {
    return fail(ErrorKind::rejected, fmt::format("its PID file is not known; {}", kNameThem));
  }
  const auto text = read_file(path, kLargestPidFile);
  const auto pid = text ? parse_unsigned(trim(*text)) : std::nullopt;
  if (pid && *pid != 0) return *pid;
  return fail(ErrorKind::rejected,
              fmt::format("its PID file {} {}; {}", printable(path),
                          text ? "holds no number" : "cannot be read", kNameThem));
}

// The inodes of the process's sockets.
Result<std::set<std::uint64_t>> sockets_of(const std::string& process) {
  constexpr std::string_view kSocket = "socket:[";
  const std::string directory = process + "/fd";
  std::error_code problem;
  std::set<std::uint64_t> inodes;
  auto entry = std::filesystem::directory_iterator(directory, problem);
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    const std::string target = link_text(entry->path().string());
    if (!target.starts_with(kSocket) || !target.ends_with(']')) continue;
    const std::size_t size = target.size() - kSocket.size() - 1;
    if (const auto inode = parse_unsigned(target.substr(kSocket.size(), size))) {
      inodes.insert(*inode);
    }
  }
  if (!problem) return inodes;
  return fail(ErrorKind::rejected, fmt::format("{}: {}; run ccmctl as root, or {}", directory,
                                               problem.message(), kNameThem));
}

}  // namespace

std::vector<ListeningSocket> parse_listening_sockets(std::string_view table) {
  std::vector<ListeningSocket> sockets;
  for (const std::string_view line : split(table, '\n')) {
    if (auto socket = parse_line(line)) sockets.push_back(*std::move(socket));
  }
  return sockets;
}

Result<std::vector<NetworkAddress>> listening_addresses(const store::EffectiveSettings& server) {
  const auto pid = master_of(server);
  if (!pid) return fail(pid.error());
  const std::string process = fmt::format("/proc/{}", *pid);
  const auto inodes = sockets_of(process);
  if (!inodes) return fail(inodes.error());
  if (link_text(process + "/ns/net") != link_text("/proc/self/ns/net")) {
    return fail(ErrorKind::rejected,
                fmt::format("process {} has a network of its own; run ccmctl in it, such as with "
                            "nsenter -t {} -n, or {}",
                            *pid, *pid, kNameThem));
  }
  std::set<NetworkAddress> addresses;
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    // There is no second one without IPv6.
    for (const ListeningSocket& socket : parse_listening_sockets(read_table(process + table))) {
      if (inodes->count(socket.inode) != 0) addresses.insert(socket.address);
    }
  }
  if (!addresses.empty()) return std::vector<NetworkAddress>(addresses.begin(), addresses.end());
  return fail(ErrorKind::rejected,
              fmt::format("process {} listens at no TCP address; {}", *pid, kNameThem));
}

Result<NetworkAddress> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const auto port =
      colon == std::string::npos ? std::nullopt : parse_unsigned(text.substr(colon + 1));
  if (host.empty() || !port || *port == 0 || *port > 65535) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no address; write HOST:PORT, such as 127.0.0.1:443 or "
                            "[::1]:443",
                            printable(text)));
  }
  return NetworkAddress{.host = std::move(host), .port = static_cast<std::uint16_t>(*port)};
}

Result<std::vector<NetworkAddress>> resolve_address(const std::string& text) {
  const auto given = parse_address(text);
  if (!given) return fail(given.error());
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = getaddrinfo(given->host.c_str(), nullptr, &wanted, &found);
  if (problem != 0) {
    return fail(ErrorKind::transient, fmt::format("the address of {} is not known: {}",
                                                  printable(given->host), gai_strerror(problem)));
  }
  const Handle<addrinfo, freeaddrinfo> owned(found);
  std::set<NetworkAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> number{};
    if (getnameinfo(each->ai_addr, each->ai_addrlen, number.data(), number.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.insert({.host = number.data(), .port = given->port});
    }
  }
  return std::vector<NetworkAddress>(addresses.begin(), addresses.end());
}

}  // namespace ccm::cli
