// SPDX-License-Identifier: Apache-2.0
#include "publication/status.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "publication/layout.h"
#include "publication/long_packing.h"

namespace ccm::publication {
namespace {

// The first value of every note; it changes whenever the fields change.
constexpr std::uint32_t kAgentMark = 0x34544741;        // "AGT4"
constexpr std::uint32_t kCallMark = 0x314c4143;         // "CAL1"
constexpr std::uint32_t kFleetMark = 0x31544c46;        // "FLT1"
constexpr std::uint32_t kFleetHostsMark = 0x31484c46;   // "FLH1"
constexpr std::uint32_t kCertificateMark = 0x34545243;  // "CRT4"

constexpr std::size_t kMostText = 100;
constexpr std::size_t kMostWord = 24;
constexpr std::size_t kMostSentence = 410;
constexpr std::size_t kMostFlaw = 280;
constexpr std::size_t kHostsInNote = 3;
static_assert((kFleetNotes - 1) * kHostsInNote == FleetOverview::kMostShown);

std::string finish(Packer&& out) {
  return std::string(std::move(out).take().reveal());
}

bool takes_mark(Unpacker& in, std::uint32_t mark) {
  return in.number() == mark && !in.failed();
}

// The fields of a certificate's note, in their order there. Encoding reads them, decoding writes
// them.
template <typename Status>
auto numbers_of(Status& status) {
  auto& canary = status.canary;
  return std::array{&status.version,         &status.versions,        &status.held,
                    &status.staged,          &status.attempts,        &status.generation,
                    &status.refused_canary,  &canary.current_shown,   &canary.current_failed,
                    &canary.candidate_shown, &canary.candidate_failed};
}
template <typename Status>
auto texts_of(Status& status) {
  return std::array{&status.serial, &status.origin, &status.shown_serial};
}
template <typename Status>
auto words_of(Status& status) {
  return std::array{&status.error_kind, &status.order_step};
}
template <typename Status>
auto times_of(Status& status) {
  return std::array{&status.installed_at, &status.not_before,  &status.not_after,
                    &status.renew_at,     &status.next_at,     &status.activates_at,
                    &status.canary_since, &status.shown_until, &status.staple_until,
                    &status.order_since};
}

bool unpack_events(Unpacker& in, CertificateStatus& status) {
  for (CertificateStatus::PastEvent& event : status.events) {
    const std::uint32_t type = in.number();
    event.at = unpack_time(in);
    if (type >= event_kinds().size()) return false;
    event.type = static_cast<EventType>(type);
  }
  return true;
}

void pack(Packer& out, const FleetStatus& fleet) {
  out.block(cut(fleet.name, kMostText));
  out.block(cut(fleet.host, kMostText));
  out.number(fleet.is_connected ? 1 : 0);
  pack_time(out, fleet.since);
  out.block(cut(fleet.leader, kMostText));
  out.number(fleet.leads ? 1 : 0);
  out.block(cut(fleet.problem, kMostSentence));
}

FleetStatus unpack_fleet(Unpacker& in) {
  FleetStatus fleet;
  fleet.name = in.text();
  fleet.host = in.text();
  fleet.is_connected = in.number() != 0;
  fleet.since = unpack_time(in);
  fleet.leader = in.text();
  fleet.leads = in.number() != 0;
  fleet.problem = in.text();
  return fleet;
}

}  // namespace

FleetNotes encode(const FleetHostsStatus& status) {
  FleetNotes notes;
  Packer counts;
  counts.number(kFleetMark);
  pack_fleet_counts(counts, status.overview);
  counts.number(status.flaw_count);
  const std::size_t flaws = std::min(status.flaws.size(), FleetHostsStatus::kMostFlaws);
  counts.size(flaws);
  for (std::size_t i = 0; i < flaws; ++i) counts.block(cut(status.flaws[i], kMostFlaw));
  notes.front() = finish(std::move(counts));
  const std::vector<FleetOverview::Host>& hosts = status.overview.shown;
  for (std::size_t note = 1, first = 0; note < notes.size(); ++note, first += kHostsInNote) {
    Packer some;
    some.number(kFleetHostsMark);
    const std::size_t end = std::min(hosts.size(), first + kHostsInNote);
    some.size(end > first ? end - first : 0);
    for (std::size_t i = first; i < end; ++i) pack_fleet_host(some, hosts[i]);
    notes[note] = finish(std::move(some));
  }
  return notes;
}

std::optional<FleetHostsStatus> decode_fleet(const FleetNotes& notes) {
  Unpacker counts(notes.front());
  if (!takes_mark(counts, kFleetMark)) return std::nullopt;
  FleetHostsStatus status{.overview = unpack_fleet_counts(counts)};
  status.flaw_count = counts.number();
  for (std::uint32_t left = counts.count(); left > 0; --left) {
    status.flaws.emplace_back(counts.text());
  }
  if (!counts.is_complete()) return std::nullopt;
  for (std::size_t note = 1; note < notes.size(); ++note) {
    Unpacker some(notes[note]);
    if (!takes_mark(some, kFleetHostsMark)) break;
    for (std::uint32_t left = some.count(); left > 0; --left) {
      status.overview.shown.push_back(unpack_fleet_host(some));
    }
    if (!some.is_complete()) return std::nullopt;
  }
  return status;
}

std::string encode(const AgentStatus& status) {
  Packer out;
  out.number(kAgentMark);
  out.number(status.pid);
  out.block(cut(status.version, kMostText));
  pack_time(out, status.since);
  out.number(status.leads ? 1 : 0);
  out.block(cut(status.account, kMostText));
  out.number(static_cast<std::uint32_t>(status.identity));
  pack_time(out, status.cloud_seen);
  pack_time(out, status.cloud_missed);
  pack_time(out, status.next_wake);
  for (const std::uint64_t count : status.hooks.outcomes) pack_long(out, count);
  pack(out, status.fleet);
  out.number(status.flaws.bits());
  return finish(std::move(out));
}

std::optional<AgentStatus> decode_agent(std::string_view bytes) {
  Unpacker in(bytes);
  if (!takes_mark(in, kAgentMark)) return std::nullopt;
  AgentStatus status;
  status.pid = in.number();
  status.version = in.text();
  status.since = unpack_time(in);
  status.leads = in.number() != 0;
  status.account = in.text();
  const std::uint32_t identity = in.number();
  status.cloud_seen = unpack_time(in);
  status.cloud_missed = unpack_time(in);
  status.next_wake = unpack_time(in);
  for (std::uint64_t& count : status.hooks.outcomes) count = unpack_long(in);
  status.fleet = unpack_fleet(in);
  status.flaws = AgentFlaws(in.number());
  if (!in.is_complete() || identity > static_cast<std::uint32_t>(Identity::refused)) {
    return std::nullopt;
  }
  status.identity = static_cast<Identity>(identity);
  return status;
}

void HookCounts::add(const HookCounts& others) noexcept {
  for (std::size_t i = 0; i < kOutcomes; ++i) outcomes[i] += others.outcomes[i];
}

std::string_view to_string(HookCounts::Outcome outcome) noexcept {
  switch (outcome) {
    case HookCounts::succeeded:
      return "succeeded";
    case HookCounts::failed:
      return "failed";
    case HookCounts::timed_out:
      return "timed_out";
    case HookCounts::left_out:
      return "left_out";
  }
  return "";
}

void CallStatus::add(Outcome outcome, std::chrono::milliseconds took) noexcept {
  const auto spent = static_cast<std::uint64_t>(std::max(took.count(), std::int64_t{0}));
  ++outcomes[outcome];
  const auto* edge = std::lower_bound(kEdges.begin(), kEdges.end(), spent);
  ++durations[static_cast<std::size_t>(edge - kEdges.begin())];
  milliseconds += spent;
}

std::string_view to_string(CallStatus::Outcome outcome) noexcept {
  switch (outcome) {
    case CallStatus::ok:
      return "ok";
    case CallStatus::throttled:
      return "throttled";
    case CallStatus::denied:
      return "denied";
    case CallStatus::refused:
      return "refused";
    case CallStatus::failed:
      return "failed";
    case CallStatus::unanswered:
      return "unanswered";
  }
  return "";
}

std::string encode(const CallStatus& status) {
  Packer out;
  out.number(kCallMark);
  out.block(cut(status.operation, kMostText));
  for (const std::uint64_t count : status.outcomes) pack_long(out, count);
  for (const std::uint64_t count : status.durations) pack_long(out, count);
  pack_long(out, status.milliseconds);
  return finish(std::move(out));
}

std::optional<CallStatus> decode_call(std::string_view bytes) {
  Unpacker in(bytes);
  if (!takes_mark(in, kCallMark)) return std::nullopt;
  CallStatus status;
  status.operation = in.text();
  for (std::uint64_t& count : status.outcomes) count = unpack_long(in);
  for (std::uint64_t& count : status.durations) count = unpack_long(in);
  status.milliseconds = unpack_long(in);
  if (!in.is_complete()) return std::nullopt;
  return status;
}

std::string encode(const CertificateStatus& status) {
  Packer out;
  out.number(kCertificateMark);
  out.number(static_cast<std::uint32_t>(status.state));
  for (const std::uint64_t* number : numbers_of(status)) pack_long(out, *number);
  out.number((status.is_damaged ? 1U : 0U) | (status.is_placeholder ? 2U : 0U));
  for (const std::string* text : texts_of(status)) out.block(cut(*text, kMostText));
  for (const std::string* word : words_of(status)) out.block(cut(*word, kMostWord));
  for (const Time* time : times_of(status)) pack_time(out, *time);
  for (const CertificateStatus::PastEvent& event : status.events) {
    out.number(static_cast<std::uint32_t>(event.type));
    pack_time(out, event.at);
  }
  out.block(cut(status.error, kMostSentence));
  return finish(std::move(out));
}

std::optional<CertificateStatus> decode_certificate(std::string_view bytes) {
  Unpacker in(bytes);
  if (!takes_mark(in, kCertificateMark)) return std::nullopt;
  const std::uint32_t state = in.number();
  CertificateStatus status;
  for (std::uint64_t* number : numbers_of(status)) *number = unpack_long(in);
  const std::uint32_t flags = in.number();
  status.is_damaged = (flags & 1U) != 0;
  status.is_placeholder = (flags & 2U) != 0;
  for (std::string* text : texts_of(status)) *text = in.text();
  for (std::string* word : words_of(status)) *word = in.text();
  for (Time* time : times_of(status)) *time = unpack_time(in);
  if (!unpack_events(in, status)) return std::nullopt;
  status.error = in.text();
  if (!in.is_complete() || state > static_cast<std::uint32_t>(CertificateStatus::State::rejected)) {
    return std::nullopt;
  }
  status.state = static_cast<CertificateStatus::State>(state);
  return status;
}

}  // namespace ccm::publication
