// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/reach.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <string_view>

#include "base/handle.h"
#include "base/text.h"

namespace ccm::cloud {
namespace {

using AddressList = Handle<addrinfo, freeaddrinfo>;

enum class Nature : std::uint8_t { ordinary, of_this_host, special };

Nature nature_of(std::uint32_t address) noexcept {  // IPv4 in host order
  const std::uint32_t first = address >> 24U;
  if (first == 127) return Nature::of_this_host;
  const bool is_link_local = address >> 16U == 0xa9fe;
  const bool is_special = first == 0 || is_link_local || first >= 224;
  return is_special ? Nature::special : Nature::ordinary;
}

// The IPv4 address in the last four bytes.
std::uint32_t tail_of(const in6_addr& address) noexcept {
  std::uint32_t tail = 0;
  std::memcpy(&tail, &address.s6_addr[12], sizeof tail);
  return ntohl(tail);
}

Nature nature_of(const in6_addr& address) noexcept {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return Nature::of_this_host;
  if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LINKLOCAL(&address) ||
      IN6_IS_ADDR_SITELOCAL(&address) || IN6_IS_ADDR_MULTICAST(&address)) {
    return Nature::special;
  }
  constexpr std::array<unsigned char, 12> kNat64{0, 0x64, 0xff, 0x9b};
  const bool is_nat64 = std::memcmp(address.s6_addr, kNat64.data(), kNat64.size()) == 0;
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address) || is_nat64) {
    return nature_of(tail_of(address));
  }
  return Nature::ordinary;
}

Nature nature_of(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in inet{};
    std::memcpy(&inet, &address, sizeof inet);
    return nature_of(ntohl(inet.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 inet{};
    std::memcpy(&inet, &address, sizeof inet);
    return nature_of(inet.sin6_addr);
  }
  return Nature::special;
}

}  // namespace

bool may_reach(Reach reach, const sockaddr& address) noexcept {
  if (reach == Reach::anywhere) return true;
  const Nature nature = nature_of(address);
  return nature == Nature::ordinary ||
         (nature == Nature::of_this_host && reach == Reach::network_and_host);
}

std::string address_text(const sockaddr& address) {
  std::array<char, NI_MAXHOST> text{};
  const socklen_t size = address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  const int failed =
      getnameinfo(&address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return failed != 0 ? "an address" : text.data();
}

bool may_reach_host(Reach reach, const std::string& host) {
  if (reach == Reach::anywhere) return true;
  std::string name = to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost")) return reach == Reach::network_and_host;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  // Also understands 127.1, 0x7f000001 and the like, as a client that connects would.
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return true;
  const AddressList list(found);
  return may_reach(reach, *list->ai_addr);
}

}  // namespace ccm::cloud
