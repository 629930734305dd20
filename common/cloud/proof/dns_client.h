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
  std::string address;  // of IPv4 or IPv6, without brackets
  std::uint16_t port = 53;
  std::string name = {};  // as its zone calls it; empty: it has none
};

// "ns1.example.com (192.0.2.1)", or the address alone.
std::string to_text(const NameServer& server);

enum class DnsType : std::uint8_t { a, aaaa, ns, cname, txt };

struct DnsQuestion {
  std::string name;
  DnsType type = DnsType::txt;
  // Whether the server is to find out; otherwise it says what it knows itself.
  bool is_recursive = false;
};

struct DnsAnswer {
  // Of the type at the name: addresses, names without the dot at the end, or texts whose strings
  // were joined. Addresses also of what the name is an alias of.
  std::vector<std::string> values;
  std::optional<std::string> alias;  // the name is one, of this
};

constexpr std::chrono::milliseconds kDnsPatience{2000};

// Tries twice. A name or a record that does not exist is an empty answer. `transient` when there is
// no answer or the server refuses to give one; `invalid` for what is no name.
Result<DnsAnswer> ask(const NameServer& server, const DnsQuestion& question,
                      std::chrono::milliseconds patience = kDnsPatience);

// What a server's message says to the question; `transient` when it says that it will not, or when
// it is no answer. For ask(), and to be fuzzed.
Result<DnsAnswer> read_answer(const NameServer& server, const DnsQuestion& question,
                              std::span<const unsigned char> message);

// The servers of /etc/resolv.conf; this host's own when it names none (resolv.conf(5)).
std::vector<NameServer> system_resolvers();

}  // namespace ccm::cloud
