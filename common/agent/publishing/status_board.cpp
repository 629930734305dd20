// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/status_board.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/version.h"
#include "lifecycle/attempt/activation.h"
#include "lifecycle/schedule/hold.h"
#include "lifecycle/schedule/state.h"
#include "publication/layout.h"
#include "sources/source_drivers.h"

namespace ccm::agent {
namespace {

using publication::CertificateStatus;

void add_state(const lifecycle::State& state, CertificateStatus& status) {
  status.next_at = lifecycle::due(state);
  if (const auto* valid = std::get_if<lifecycle::Valid>(&state)) {
    status.state = CertificateStatus::State::valid;
    status.renew_at = valid->renew_at;
  } else if (const auto* waiting = std::get_if<lifecycle::Waiting>(&state)) {
    // The error's kind is always `pending`, so only its sentence says something.
    status.attempts = waiting->attempts;
  } else if (const auto* failing = std::get_if<lifecycle::Failing>(&state)) {
    status.state = CertificateStatus::State::failing;
    status.attempts = failing->attempts;
  } else if (std::holds_alternative<lifecycle::Rejected>(state)) {
    status.state = CertificateStatus::State::rejected;
  }
  const Error* error = lifecycle::error_of(state);
  if (error == nullptr) return;
  status.error_kind = to_string(error->kind());
  status.error = error->message();
}

void add_info(const store::VersionInfo& info, CertificateStatus& status) {
  status.version = info.number;
  status.serial = info.serial;
  status.origin = info.origin;
  status.installed_at = info.installed_at;
  status.not_before = info.not_before;
  status.not_after = info.not_after;
}

void add_installed(const store::StoreReader& store, const std::string& name,
                   CertificateStatus& status) {
  status.version = store.current_version(name);
  status.versions = store.versions(name).size();
  const auto described = store.describe(name);
  const std::optional<Error> damage = described ? described->damage : described.error();
  if (damage) {
    status.is_damaged = true;
    status.error = damage->message();
    status.error_kind = to_string(damage->kind());
  } else if (described->info) {
    add_info(*described->info, status);
    return;
  }
  // The facts are those of an older version, which is used in place of a damaged one.
  if (status.version == 0) return;
  if (const auto glance = store.glance(name, status.version)) add_info(glance->info, status);
}

void add_canary(const std::string& name, const store::Canary& canary,
                const lifecycle::CanaryCounter& counter, CertificateStatus& status) {
  status.canary_since = canary.since;
  if (!counter) return;
  const CanaryTally tally = sum_of(counter(name, canary));
  status.canary = {.current_shown = tally.current.shown(),
                   .current_failed = tally.current.failed(),
                   .candidate_shown = tally.candidate.shown(),
                   .candidate_failed = tally.candidate.failed()};
}

// `ccmctl doctor` reports a record that cannot be read.
void add_order(const store::StoreReader& store, const std::string& name,
               CertificateStatus& status) {
  const auto order = sources::find_order(store, name);
  if (!order || !*order) return;
  status.order_step = (*order)->step;
  status.order_since = (*order)->since;
}

void forget_staged(CertificateStatus& status) {
  status.staged = 0;
  status.activates_at = {};
  status.canary_since = {};
  status.canary = {};
}

void add_shown(const publication::Writer& writer, const std::string& name,
               CertificateStatus& status) {
  auto shown = writer.shown(name);
  if (!shown) return;
  status.generation = shown->generation;
  status.is_placeholder = shown->is_placeholder;
  status.shown_serial = std::move(shown->serial);
  status.shown_until = shown->not_after;
  status.staple_until = shown->staple_end;
}

}  // namespace

CertificateStatus status_of(const config::CertificateSpec& spec, const store::StoreReader& store,
                            const publication::Writer& writer, Time now,
                            const lifecycle::CanaryCounter& counter) {
  CertificateStatus status;
  const auto record = store.read_record(spec.name, "state");
  if (record && *record) {
    if (const auto persisted = lifecycle::parse_state((*record)->value.reveal())) {
      add_state(persisted->state, status);
    }
  }
  status.held = lifecycle::held_version(store, spec.name);
  if (status.held != 0) status.refused_canary = lifecycle::refused_canary(store, spec.name);
  if (const auto activation = lifecycle::pending_activation(store, spec, now)) {
    status.staged = activation->version;
    status.activates_at = activation->at;
    if (activation->canary) add_canary(spec.name, *activation->canary, counter, status);
  }
  add_order(store, spec.name, status);
  add_installed(store, spec.name, status);
  // The staged version has become the current one since the store was asked for it.
  if (status.staged == status.version) forget_staged(status);
  add_shown(writer, spec.name, status);
  return status;
}

StatusBoard::StatusBoard(Parts parts) : parts_(std::move(parts)) {
  agent_.pid = static_cast<std::uint32_t>(getpid());
  agent_.version = version();
  agent_.since = parts_.clock.now();
  agent_.account = parts_.account;
  const auto before = publication::decode_agent(parts_.writer.read_note(publication::kAgentNote));
  CallLedger::State seen;
  if (before) {
    hooks_before_ = before->hooks;
    seen.seen = before->cloud_seen;
    seen.missed = before->cloud_missed;
  }
  for (std::uint32_t i = 0; i < publication::kCallNotes; ++i) {
    auto call = publication::decode_call(parts_.writer.read_note(publication::kFirstCallNote + i));
    if (!call) break;
    seen.calls.push_back(*std::move(call));
  }
  parts_.ledger.resume(std::move(seen));
}

void StatusBoard::look(bool leads, Time next_wake) {
  const SteadyTime now = parts_.clock.steady_now();
  if (now >= next_look_) {
    next_look_ = now + kBetweenLooks;
    tell_of_agent(leads, next_wake);
    find_changes();
    find_events();
    is_telling_ = !waiting_.empty();
  }
  if (!is_telling_) return;
  for (std::size_t left = kMostAtOnce; left > 0 && !waiting_.empty(); --left) {
    const std::string name = std::move(waiting_.front());
    waiting_.pop_front();
    is_waiting_.erase(name);
    tell_of(name);
  }
  is_telling_ = !waiting_.empty();
}

void StatusBoard::find_changes() {
  store::Changes changes = parts_.store.changes_since(revision_);
  revision_ = changes.revision;
  for (const std::string& name : tried_out_) wait(name);
  if (changes.names) {
    return notice(*changes.names);
  }
  for (const config::CertificateSpec& spec : parts_.config.certificates()) wait(spec.name);
}

void StatusBoard::notice(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (parts_.config.find(name) != nullptr) wait(name);
  }
}

// Reads at most one file of the log at each look. When it cannot be read, `ccmctl events` says why.
void StatusBoard::find_events() {
  const auto page = parts_.store.events_since(events_read_);
  has_more_events_ = page && page->has_more;
  if (!page) return;
  events_read_ = page->next;
  for (const Event& event : page->events) {
    if (parts_.config.find(event.certificate) == nullptr) continue;
    PastEvents& past = past_events_[event.certificate];
    std::copy_backward(past.begin(), past.end() - 1, past.end());
    past.front() = {.type = event.type, .at = event.at};
    wait(event.certificate);
  }
}

void StatusBoard::wait(const std::string& name) {
  if (is_waiting_.insert(name).second) waiting_.push_back(name);
}

void StatusBoard::tell_of_agent(bool leads, Time next_wake) {
  const std::uint64_t revision = parts_.ledger.revision();
  const CallLedger::State state = parts_.ledger.state();
  if (std::exchange(ledger_revision_, revision) != revision) tell_of_calls(state);
  agent_.leads = leads;
  agent_.identity = parts_.has_access ? state.identity : publication::Identity::unreadable;
  agent_.cloud_seen = state.seen;
  agent_.cloud_missed = state.missed;
  agent_.next_wake = next_wake == Time::max() ? Time{} : next_wake;
  if (parts_.flaws) agent_.flaws = parts_.flaws();
  agent_.hooks = hooks_before_;
  if (parts_.hooks) agent_.hooks.add(parts_.hooks());
  if (parts_.fleet) tell_of_fleet();
  const auto written = parts_.writer.write_note(publication::kAgentNote, encode(agent_));
  if (!written) say(written.error());
}

void StatusBoard::tell_of_fleet() {
  const std::optional<store::FleetNote> note = parts_.fleet();
  add_fleet(note);
  if (agent_.fleet.name.empty()) return;
  publication::FleetHostsStatus status;
  if (note && note->fleet == agent_.fleet.name) {
    status.flaw_count = static_cast<std::uint32_t>(note->flaws.size());
    status.flaws = note->flaws;
    if (parts_.fleet_overview) status.overview = parts_.fleet_overview().value_or(FleetOverview());
  }
  std::uint32_t index = publication::kFirstFleetNote;
  for (const std::string& bytes : encode(status)) {
    const auto written = parts_.writer.write_note(index++, bytes);
    if (!written) return say(written.error());
  }
}

void StatusBoard::add_fleet(const std::optional<store::FleetNote>& note) {
  agent_.fleet = {.name = parts_.config.global().fleet ? parts_.config.global().fleet->name : ""};
  if (!note || note->fleet != agent_.fleet.name) return;
  agent_.fleet.host = note->host;
  agent_.fleet.is_connected = note->is_connected;
  agent_.fleet.since = note->since;
  agent_.fleet.leader = note->leader;
  agent_.fleet.leads = note->is_leader;
  agent_.fleet.problem = note->problem;
}

void StatusBoard::tell_of_calls(const CallLedger::State& state) {
  std::uint32_t index = publication::kFirstCallNote;
  for (const publication::CallStatus& call : state.calls) {
    const auto written = parts_.writer.write_note(index++, encode(call));
    if (!written) return say(written.error());
  }
}

void StatusBoard::tell_of(const std::string& name) {
  const config::CertificateSpec* spec = parts_.config.find(name);
  CertificateStatus status =
      status_of(*spec, parts_.store, parts_.writer, parts_.clock.now(), parts_.canary_counter);
  if (const auto past = past_events_.find(name); past != past_events_.end()) {
    status.events = past->second;
  }
  // Its counts change without a change of the store.
  if (status.canary_since != Time{}) {
    tried_out_.insert(name);
  } else {
    tried_out_.erase(name);
  }
  const auto written = parts_.writer.write_note(name, encode(status));
  if (!written) say(written.error());
}

// A failure does not affect the certificates that are served.
void StatusBoard::say(const Error& error) {
  if (std::exchange(has_complained_, true)) return;
  parts_.log.warn("the server's status is out of date: {}", error.message());
}

}  // namespace ccm::agent
