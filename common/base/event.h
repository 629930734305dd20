// SPDX-License-Identifier: Apache-2.0
// What happens to certificates, for people and for programs of the operator's: one stream of
// events. The store keeps them, ccmctl shows them, and hooks get them. Code that makes something
// happen reports it through `Events`; the agent's implementation keeps the event and passes it to
// the monitor, which runs the hooks (agent/hooks/).
//
// The table says what an event means and whether it asks beforehand. Nothing in an event is secret.
// Plain values; any thread, any process.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/packing.h"
#include "base/result.h"

namespace ccm {

enum class EventType : std::uint8_t {
  renewing,
  obtained,
  refused,
  installing,
  installed,
  served,
  rolled_back,
  expiring,
  failing,
  recovered,
  revoked,
  staple,
  challenge_setup,
  challenge_teardown,
  agent_started,
  lead_taken,
  leader_changed,
  host_joined,
  host_left,
  host_lost,
  host_returned,
};

struct EventKind {
  EventType type;
  std::string_view name;  // "challenge-setup"
  std::string_view description;
  // The event comes before the act: the act is not done if one of the event's hooks does not end
  // with status 0.
  bool asks;
};

// In the order of EventType.
std::span<const EventKind> event_kinds() noexcept;
const EventKind& kind_of(EventType type) noexcept;
// nullptr when no event has that name.
const EventKind* find_event_kind(std::string_view name) noexcept;

struct Event {
  EventType type = EventType::renewing;
  Time at{};                           // the stream fills it in when it is 1970
  std::string certificate = {};        // its name; empty: none is concerned
  std::string server = {};             // whose agent reports it; the stream fills it in
  std::uint64_t version = 0;           // 0: none
  std::string serial = {};             // of the certificate, as the log shows it
  std::optional<Time> not_after = {};  // of the certificate
  std::string sentence = {};           // what happened, for people
  // Further members of this kind of event. Names are [a-z_]+ and differ from those above.
  std::vector<std::pair<std::string, std::string>> fields = {};

  // Empty when it has none of that name.
  std::string_view field(std::string_view name) const noexcept;
};

// The event with printable texts, small enough for a hook's environment, a pipe and a line of the
// log: sentences are cut to 1,000 bytes, other texts to 500, and fields after the 32nd are dropped.
Event bounded(Event event);

// One line without its line feed, for the log of events; `event` is bounded. The inverse is
// `invalid` for any other line, such as a truncated one.
std::string to_line(const Event& event);
Result<Event> parse_event_line(std::string_view line);
// Between the agent and its monitor.
void pack_event(Packer& out, const Event& event);
std::optional<Event> unpack_event(Unpacker& in);

// Where events go. Thread-safe; never throws. Nobody owns one through this interface.
class Events {
 public:
  Events() = default;
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Reports that something has happened. Never fails, and waits for no hook.
  virtual void tell(Event event) noexcept = 0;
  // Asks whether something may happen; only for kinds that ask. Waits until every hook of this
  // event has ended, which takes as long as their time limits allow: not on the agent's main
  // thread. An error (`transient`, with a sentence that names the hook) when one of them did not
  // end with status 0 or could not be run; then the caller must not do it. Without hooks it
  // succeeds at once.
  virtual Result<void> ask(Event event) noexcept = 0;

 protected:
  ~Events() = default;
};

// An implementation that ignores all events. Lives as long as the program.
Events& no_events() noexcept;

}  // namespace ccm
