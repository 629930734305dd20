// SPDX-License-Identifier: Apache-2.0
// ADDRESS:PORT as the admin side takes it. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace emulator {

struct HostAndPort {
  std::string host;  // an IP address; IPv6 without its brackets
  std::uint16_t port = 0;
};

// Throws std::runtime_error with a sentence when the text is none.
HostAndPort host_and_port(const std::string& text);

}  // namespace emulator
