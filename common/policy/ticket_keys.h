// SPDX-License-Identifier: Apache-2.0
// The keys with which servers that share them seal session tickets (RFC 5077, RFC 8446 4.6.1), and
// when one key takes the place of another.
//
//              made        seals                opens only              deleted
//   key   ──────┼───────────┼────────────────────┼───────────────────────┼──
//             from - 4h    from                from + 4h              from + 12h
//
// A key is made one period before it is used, so that every host has it by then. The first one has
// to be used sooner: a host that does not have it yet makes a full handshake. When nobody makes
// keys, the last one goes on for one more period, and then none is used. A key that was deleted
// opens nothing any more, whoever has recorded the tickets.
//
// Pure functions, fed with the time. Every host decides by its own clock which key seals.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace ccm::policy {

inline constexpr Seconds kTicketPeriod{4 * 3600};
// How long a key may seal when no other follows.
inline constexpr Seconds kLongestSealing = 2 * kTicketPeriod;
// How long a key opens what it has sealed. Also how long a client may resume what began with one
// full handshake, through any number of tickets.
inline constexpr Seconds kTicketLife = 3 * kTicketPeriod;
// The wait before a key is used that hosts had no time to prepare for: the very first one, and one
// that is made too late.
inline constexpr Seconds kFirstWait{5};
inline constexpr Seconds kLateWait{60};

inline constexpr std::size_t kTicketKeyNameSize = 16;
inline constexpr std::size_t kTicketMacKeySize = 32;
inline constexpr std::size_t kTicketCipherKeySize = 32;

struct TicketKey {
  std::array<std::byte, kTicketKeyNameSize> name{};  // is in every ticket, for all to see
  Secret secret = {};                                // HMAC-SHA256's, then AES-256-CBC's
  Time from{};                                       // when it begins to seal

  bool operator==(const TicketKey& other) const noexcept {
    return name == other.name && from == other.from && secret.equals(other.secret);
  }
};

// Sorted: the key that begins first comes first.
using TicketKeys = std::vector<TicketKey>;
// More are never needed, so a store that has more is not believed.
inline constexpr std::size_t kMostTicketKeys = 8;

// A new key.
Result<TicketKey> make_ticket_key(Time from);

// nullptr: no key may be used now.
const TicketKey* sealing_key(std::span<const TicketKey> keys, Time now) noexcept;
// The key of that name, while it opens tickets; nullptr: there is none. A key that does not seal
// yet opens, too, because the clock of another host may be ahead.
const TicketKey* opening_key(std::span<const TicketKey> keys, std::string_view name,
                             Time now) noexcept;

// What to do with the present keys.
struct TicketPlan {
  bool drops = false;        // some keys, for which is_needed() is false
  std::optional<Time> make;  // a key that seals from then on
  Time next_look{};          // when there is something to do again
};
// `keys`: sorted as TicketKeys.
TicketPlan plan_ticket_keys(std::span<const TicketKey> keys, Time now);
// False for a key that has ended, and for one so far ahead that the clock must have been wrong when
// it was made.
bool is_needed(const TicketKey& key, Time now) noexcept;

}  // namespace ccm::policy
