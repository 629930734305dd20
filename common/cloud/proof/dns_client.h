// SPDX-License-Identifier: Apache-2.0
// One question to one DNS server (RFC 1035), over UDP and, when the answer is cut, over TCP. The
// system's resolver is not used, because it asks caches, which may not have a new record yet.
// Blocks for a bounded time. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace ccm::cloud {

struct NameServer {
  std::string address;  // IPv4 or IPv6, without brackets
  std::uint16_t port = 53;
  std::string name = {};  // as in its zone; empty: not known
};

// "ns1.example.com (192.0.2.1)", or the address alone.
std::string to_text(const NameServer& server);

enum class DnsType : std::uint8_t { a, aaaa, ns, cname, txt };

struct DnsQuestion {
  std::string name;
  DnsType type = DnsType::txt;
  // Whether the server should ask others; otherwise it says what it knows itself.
  bool is_recursive = false;
};

struct DnsAnswer {
  // Values of the type at the name: addresses, names without the dot at the end, or texts whose
  // strings were joined. Addresses also of what the name is an alias of.
  std::vector<std::string> values;
  std::optional<std::string> alias;  // the name is an alias of this one
};

constexpr std::chrono::milliseconds kDnsPatience{2000};

// Tries twice. A name or record that does not exist gives an empty answer. `transient` when there
// is no answer or the server refuses; `invalid` for something that is no name.
Result<DnsAnswer> ask(const NameServer& server, const DnsQuestion& question,
                      std::chrono::milliseconds patience = kDnsPatience);

// Reads a server's message as the answer to the question; `transient` when the server refuses, or
// when it is no answer. Used by ask() and by a fuzzer.
Result<DnsAnswer> read_answer(const NameServer& server, const DnsQuestion& question,
                              std::span<const unsigned char> message);

// The servers of /etc/resolv.conf; this host's own when it names none (resolv.conf(5)).
std::vector<NameServer> system_resolvers();

}  // namespace ccm::cloud
