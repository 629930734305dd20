// SPDX-License-Identifier: Apache-2.0
// What the agent tells the server about its work, for people and monitoring: the notes of the
// segment (layout.h). They hold no secret: no key, no credentials, and of the cloud's answers only
// sentences that are in the log as well.
//
// Plain values; encoding and decoding are pure functions. A note that cannot be decoded comes from
// another release and counts as missing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/agent_flaws.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fleet_overview.h"
#include "publication/layout.h"

namespace ccm::publication {

// What the cloud said about the credentials.
enum class Identity : std::uint8_t { unknown, unreadable, accepted, refused };

// Runs of hooks, by result. left_out: not started, because too many were waiting.
struct HookCounts {
  enum Outcome : std::uint8_t { succeeded, failed, timed_out, left_out };
  static constexpr std::size_t kOutcomes = 4;
  std::array<std::uint64_t, kOutcomes> outcomes{};

  void add(const HookCounts& others) noexcept;
};
std::string_view to_string(HookCounts::Outcome outcome) noexcept;

// How this host stands with the fleet that it shares its certificates with.
struct FleetStatus {
  std::string name;           // of the fleet; empty: this host is in none
  std::string host{};         // this host's name in it
  bool is_connected = false;  // etcd answers, and all that the fleet has is here
  Time since{};               // when that became so; 1970: not known
  std::string leader{};       // the host that leads; empty: none, or not known
  bool leads = false;         // it is this one
  std::string problem{};      // why it is not connected
};

// How all hosts of the fleet are, and what is wrong with this one, in notes of their own. They are
// written one after the other, so a reader may see some that are older than others.
struct FleetHostsStatus {
  static constexpr std::size_t kMostFlaws = 3;

  FleetOverview overview{};
  std::uint32_t flaw_count = 0;      // on this host
  std::vector<std::string> flaws{};  // the first of them, in sentences
};
using FleetNotes = std::array<std::string, kFleetNotes>;
FleetNotes encode(const FleetHostsStatus& status);
std::optional<FleetHostsStatus> decode_fleet(const FleetNotes& notes);

struct AgentStatus {
  std::uint32_t pid = 0;
  std::string version;
  Time since{};
  bool leads = false;     // it talks to the cloud; otherwise another agent may
  std::string account{};  // the cloud account's id; empty: not known
  Identity identity = Identity::unknown;
  Time cloud_seen{};    // the last answer, whatever it was; 1970: none yet
  Time cloud_missed{};  // the last call without an answer; 1970: none
  Time next_wake{};     // when something is due; 1970: nothing
  HookCounts hooks{};   // since the server's memory was made
  FleetStatus fleet{};
  AgentFlaws flaws{};
};
std::string encode(const AgentStatus& status);
std::optional<AgentStatus> decode_agent(std::string_view bytes);

// The calls of one operation of the cloud, or of "ocsp", since the server's memory was made.
struct CallStatus {
  // By HTTP status: 2xx; 429; 401 and 403; any other 4xx; 5xx; no complete answer.
  enum Outcome : std::uint8_t { ok, throttled, denied, refused, failed, unanswered };
  static constexpr std::size_t kOutcomes = 6;
  // Upper ends of the classes of duration, in milliseconds; the last class has none.
  static constexpr std::array<std::uint32_t, 7> kEdges = {50, 100, 250, 500, 1000, 5000, 15000};

  std::string operation;
  std::array<std::uint64_t, kOutcomes> outcomes{};
  std::array<std::uint64_t, kEdges.size() + 1> durations{};
  std::uint64_t milliseconds = 0;  // in all

  void add(Outcome outcome, std::chrono::milliseconds took) noexcept;
};
std::string_view to_string(CallStatus::Outcome outcome) noexcept;
std::string encode(const CallStatus& status);
std::optional<CallStatus> decode_call(std::string_view bytes);

struct CertificateStatus {
  enum class State : std::uint8_t { absent, valid, failing, rejected };
  State state = State::absent;

  // What the store has; version 0: nothing. Another release's entry may have no serial.
  std::uint64_t version = 0;
  std::uint64_t versions = 0;  // kept in all
  std::uint64_t held = 0;      // the version that is held; 0: none
  std::uint64_t staged = 0;    // a newer version that waits for its window, and is shown …
  Time activates_at{};         // … from then on; 1970: none waits
  Time canary_since{};         // it is tried out since then; 1970: it is not
  // Handshakes during its canary, on all servers that the leader sees.
  struct CanaryCounts {
    std::uint64_t current_shown = 0;
    std::uint64_t current_failed = 0;
    std::uint64_t candidate_shown = 0;
    std::uint64_t candidate_failed = 0;
  };
  CanaryCounts canary{};
  std::uint64_t refused_canary = 0;  // another one is held since this failed; 0: none
  std::string serial{};
  std::string origin{};
  Time installed_at{};
  Time not_before{};
  Time not_after{};
  bool is_damaged = false;

  Time renew_at{};  // of State::valid; 1970 else
  Time next_at{};   // of the next attempt; 1970: at once
  std::uint64_t attempts = 0;
  std::string error_kind{};  // as to_string(ErrorKind); empty: no error
  std::string error{};       // one sentence
  // The last events, the newest first.
  struct PastEvent {
    EventType type = EventType::renewing;
    Time at{};  // 1970: there is none
  };
  std::array<PastEvent, 3> events{};
  std::string order_step{};  // of an order that is in progress; empty: none is
  Time order_since{};        // of the step

  // The last publication; generation 0: nothing was published.
  std::uint64_t generation = 0;
  bool is_placeholder = false;
  std::string shown_serial{};
  Time shown_until{};
  Time staple_until{};  // 1970: no OCSP response
};
// Shortens the error's sentence if the note is too long.
std::string encode(const CertificateStatus& status);
std::optional<CertificateStatus> decode_certificate(std::string_view bytes);

}  // namespace ccm::publication
