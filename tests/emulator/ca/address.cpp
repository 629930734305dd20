// SPDX-License-Identifier: Apache-2.0
#include "ca/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace emulator {

HostAndPort host_and_port(const std::string& text) {
  HostAndPort result;
  const auto colon = text.rfind(':');
  if (colon != std::string::npos) {
    result.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + colon + 1, end, result.port);
    if (error != std::errc() || at != end) result.port = 0;
  }
  if (result.host.starts_with('[') && result.host.ends_with(']')) {
    result.host = result.host.substr(1, result.host.size() - 2);
  }
  char bytes[16];
  const bool address = inet_pton(AF_INET, result.host.c_str(), bytes) == 1 ||
                       inet_pton(AF_INET6, result.host.c_str(), bytes) == 1;
  if (!address || result.port == 0) {
    throw std::runtime_error(
        fmt::format("\"{}\" is no IP address and port, such as 127.0.0.1:8080", text));
  }
  return result;
}

}  // namespace emulator
