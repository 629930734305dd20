// SPDX-License-Identifier: Apache-2.0
// Which addresses a client may connect to. The URLs of OCSP responders come from certificates, so
// whoever may put a certificate into the cloud could make the agent ask services that only this
// host, or its own network segment, can reach: a metadata service, an administration port.
// Pure.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace ccm::cloud {

enum class Reach : std::uint8_t {
  anywhere,
  network_and_host,  // no link-local, multicast or unspecified address
  network,           // nor this host's own (loopback)
};

// For an address of any family to which a socket is about to be connected. An IPv4 address inside
// an IPv6 one (mapped, compatible, NAT64) is judged as the IPv4 address.
bool may_reach(Reach reach, const sockaddr& address) noexcept;
// The address as people write it, without a port.
std::string address_text(const sockaddr& address);

// For the host of a URL, with its brackets. True for every name that is not one of this host: where
// it leads is judged when it has been resolved.
bool may_reach_host(Reach reach, const std::string& host);

}  // namespace ccm::cloud
