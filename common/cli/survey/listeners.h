// SPDX-License-Identifier: Apache-2.0
// Where a running server listens, from the kernel's tables of its process; and the addresses that
// an operator names. Reads only; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/verification/handshake_probe.h"
#include "store/host/effective_settings.h"

namespace ccm::cli {

// A socket that listens.
struct ListeningSocket {
  crypto::NetworkAddress address;
  std::uint64_t inode = 0;
};
// Those in the text of /proc/PID/net/tcp or tcp6. The address to connect to: loopback where the
// socket is bound to every address. Pure.
std::vector<ListeningSocket> parse_listening_sockets(std::string_view table);

// The TCP addresses at which the server's master process listens, sorted, each once; plain HTTP is
// among them. An error says why they cannot be told, and what to do: without the right to look
// into the process, or when it has a network of its own.
Result<std::vector<crypto::NetworkAddress>> listening_addresses(
    const store::EffectiveSettings& server);

// "HOST:PORT", "[::1]:443", without the brackets. `invalid` when it is no such text. Pure.
Result<crypto::NetworkAddress> parse_address(const std::string& text);
// The addresses of the host of such a text. `invalid` when it is none,
// `transient` when the name cannot be resolved.
Result<std::vector<crypto::NetworkAddress>> resolve_address(const std::string& text);

}  // namespace ccm::cli
