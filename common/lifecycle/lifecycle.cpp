// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lifecycle.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/boundary.h"
#include "config/source_kinds.h"
#include "lifecycle/attempt/attempt.h"
#include "policy/schedule.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kStateKind = "state";

// Whether another try can get further at no cost; it cannot when the gate has refused what was
// issued.
bool is_worth_waiting(const State& state) {
  const auto* failing = std::get_if<Failing>(&state);
  return std::holds_alternative<Waiting>(state) ||
         (failing != nullptr && failing->error.kind() != ErrorKind::invalid);
}

// Keeps the remaining wait as it was before the clock was set back.
State shifted(State state, Seconds by) {
  if (auto* valid = std::get_if<Valid>(&state)) valid->check_at += by;
  if (auto* waiting = std::get_if<Waiting>(&state)) waiting->retry_at += by;
  if (auto* failing = std::get_if<Failing>(&state)) failing->retry_at += by;
  if (auto* rejected = std::get_if<Rejected>(&state)) rejected->check_at += by;
  return state;
}

}  // namespace

void Lifecycle::start(const store::Lease&) {
  std::map<std::string, Entry, std::less<>> entries;
  std::map<std::string, store::Canary, std::less<>> canaries;
  for (const config::CertificateSpec& spec : parts_.config.certificates()) {
    Entry& entry =
        entries.emplace(spec.name, Entry{.spec = &spec, .state = Absent{}}).first->second;
    if (const auto canary = complete(entry)) canaries.emplace(spec.name, *canary);
  }
  const std::lock_guard lock(mutex_);
  canaries_ = std::move(canaries);
  entries_ = std::move(entries);
  timers_ = {};
  for (const auto& [name, entry] : entries_) plan(entry);
}

void Lifecycle::plan(const Entry& entry) {
  const std::string& name = entry.spec->name;
  if (entry.in_work) {
    timers_.remove(name);
  } else {
    timers_.set(name, Queue(&entry.spec->source.kind(), entry.is_wanted), entry.due_at());
  }
}

const Timers<Lifecycle::Queue>::Due* Lifecycle::first(const Choice& choice, bool is_wanted) const {
  if (choice.kind != nullptr) return timers_.first(Queue(choice.kind, is_wanted));
  const Timers<Queue>::Due* found = nullptr;
  for (const config::SourceKind* kind : config::source_kinds()) {
    const auto* due = timers_.first(Queue(kind, is_wanted));
    if (due != nullptr && (found == nullptr || *due < *found)) found = due;
  }
  return found;
}

std::optional<store::Canary> Lifecycle::complete(Entry& entry) const {
  const std::string& name = entry.spec->name;
  Result<std::optional<store::StoredRecord>> record = parts_.store.read_record(name, kStateKind);
  if (!record) {
    parts_.log.warn("certificate \"{}\": its last state: {}; looking afresh", name,
                    record.error().message());
    return std::nullopt;
  }
  if (!*record) return std::nullopt;
  entry.record_version = (*record)->version;
  auto canary = look_at_store(entry);
  // A record of another release may not parse; then the certificate is simply looked at.
  if (const Result<PersistedState> persisted = parse_state((*record)->value.reveal())) {
    entry.state = initial_state(entry, *persisted);
  }
  return canary;
}

State Lifecycle::initial_state(const Entry& entry, const PersistedState& persisted) const {
  if (persisted.spec_fingerprint != entry.spec->fingerprint()) return Absent{};
  const bool is_valid = std::holds_alternative<Valid>(persisted.state);
  if (!is_valid && !was_told_to_stay_away(persisted.state) &&
      persisted.launch_id != parts_.launch_id) {
    return Absent{};
  }
  return bounded(entry, persisted.state);
}

// The clock may have been wrong when the state was written.
State Lifecycle::bounded(const Entry& entry, const State& state) const {
  const config::CertificateSpec& spec = *entry.spec;
  const Time now = parts_.clock.now();
  const auto& deadline = entry.deadline;
  const auto end = deadline ? std::optional(deadline->end) : std::nullopt;
  const bool is_due_later = deadline && deadline->due > now;
  const Time check_at = policy::next_check(spec.check_interval, now, spec.jitter_seed);
  Time look_at = std::min(check_at, policy::latest_look(end, policy::Look::free, now));
  if (is_due_later) look_at = std::min(look_at, deadline->due);
  if (const auto* valid = std::get_if<Valid>(&state)) {
    if (!deadline) return Absent{};
    if (is_due_later) {
      return Valid{.renew_at = deadline->due, .check_at = std::min(valid->check_at, check_at)};
    }
    // A renewal time in the past counts, unless an attempt since then has found nothing.
    const Time at = std::min({valid->renew_at, valid->check_at, look_at});
    return Valid{.renew_at = at, .check_at = at};
  }
  if (const auto* waiting = std::get_if<Waiting>(&state)) {
    return Waiting{.attempts = waiting->attempts,
                   .retry_at = std::min({waiting->retry_at, look_at, now + policy::kLongestRetry}),
                   .reason = waiting->reason};
  }
  if (const auto* failing = std::get_if<Failing>(&state)) {
    const policy::Look look = next_look_after(failing->error, spec);
    const Time latest = look == policy::Look::free ? look_at : policy::latest_look(end, look, now);
    return Failing{.attempts = failing->attempts,
                   .retry_at = std::min({failing->retry_at, latest, now + policy::kLongestRetry}),
                   .error = failing->error,
                   .costly = failing->costly};
  }
  if (const auto* rejected = std::get_if<Rejected>(&state)) {
    return Rejected{.check_at = std::min(rejected->check_at, look_at), .error = rejected->error};
  }
  return Absent{};
}

void Lifecycle::clock_was_set(Seconds by) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.in_work) {
      entry.is_hastened = true;
      continue;
    }
    look_at_store(entry);
    entry.state = bounded(entry, shifted(entry.state, std::min(by, Seconds::zero())));
    const bool has_failed = !std::holds_alternative<Valid>(entry.state);
    if (has_failed && !was_told_to_stay_away(entry.state)) entry.is_hastened = true;
    plan(entry);
  }
}

std::vector<const config::CertificateSpec*> Lifecycle::unsettled() const {
  const std::lock_guard lock(mutex_);
  std::vector<const config::CertificateSpec*> specs;
  for (const auto& [name, entry] : entries_) {
    if (!std::holds_alternative<Valid>(entry.state)) specs.push_back(entry.spec);
  }
  return specs;
}

std::vector<std::string> Lifecycle::take_due(Time now, std::size_t limit, const Choice& choice) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  while (names.size() < limit) {
    const auto* next = first(choice, true);
    const bool is_any_wanted = next != nullptr && next->at <= now;
    if (!is_any_wanted) next = choice.is_only_wanted ? nullptr : first(choice, false);
    if (next == nullptr || next->at > now) break;
    names.push_back(next->name);
    Entry& entry = entries_.find(next->name)->second;
    entry.in_work = true;
    plan(entry);
  }
  return names;
}

void Lifecycle::attempt(const std::string& name, const store::Lease& lease) noexcept {
  const auto on_failure = [&](const char* what) {
    parts_.log.error("certificate \"{}\": a defect of the program: {}", name, what);
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.find(name)->second;
    const Error error(ErrorKind::internal, what);
    const State after =
        Failing{.attempts = 1,
                .retry_at = policy::retry_time(error, 1, entry.spec->check_interval,
                                               parts_.clock.now(), entry.spec->jitter_seed),
                .error = error};
    entry.activates_at = Time::max();  // the next attempt will tell
    finish(entry, bounded(entry, after), {.error = error});
  };
  at_boundary(0, on_failure, [&] {
    run(name, lease);
    return 0;
  });
}

void Lifecycle::run(const std::string& name, const store::Lease& lease) {
  Entry* entry = nullptr;
  State before;
  Urge urge = Urge::due;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.in_work) return;
    entry = &found->second;
    before = entry->state;
    entry->is_hastened = false;
    entry->is_serving = std::exchange(entry->is_wanted, false);
    if (std::exchange(entry->is_revoked, false)) urge = Urge::revoked;
    if (entry->is_serving) urge = Urge::wanted;
  }
  Attempt attempt({.store = parts_.store,
                   .source = parts_.source_of(entry->spec->source),
                   .lease = lease,
                   .clock = parts_.clock,
                   .log = parts_.log,
                   .responder = parts_.responder,
                   .events = parts_.events,
                   .canary_counter = parts_.canary_counter,
                   .last_copy_of = parts_.last_copy_of},
                  *entry->spec, before, urge);
  State after = attempt.run();
  persist(*entry, after, lease);
  health_.look(lease, name, after, attempt.info(), parts_.clock.now());
  store::Answer answer{.has_changed = attempt.has_installed(),
                       .version = attempt.current(),
                       .error = std::nullopt,
                       .again_at = std::nullopt};
  if (const Error* error = error_of(after)) answer.error = *error;
  if (is_worth_waiting(after)) answer.again_at = due(after);
  const std::lock_guard lock(mutex_);
  entry->deadline = attempt.deadline();
  entry->activates_at = attempt.activates_at().value_or(Time::max());
  note_canary(name, attempt.canary());
  finish(*entry, std::move(after), std::move(answer));
}

void Lifecycle::finish(Entry& entry, State after, store::Answer answer) {
  entry.state = std::move(after);
  entry.in_work = false;
  if (std::exchange(entry.is_serving, false)) {
    entry.is_wanted = entry.is_wanted || answer.again_at.has_value();
    answers_.emplace_back(entry.spec->name, std::move(answer));
  }
  plan(entry);
}

// Without the record a restarted agent only makes one attempt too many, so a failure is no reason
// to stop.
void Lifecycle::persist(Entry& entry, const State& state, const store::Lease& lease) {
  const std::string& name = entry.spec->name;
  const Secret text =
      Secret::copy_of(serialize(PersistedState{.state = state,
                                               .spec_fingerprint = entry.spec->fingerprint(),
                                               .launch_id = parts_.launch_id}));
  Result<std::uint64_t> version =
      parts_.store.write_record(lease, name, kStateKind, text, entry.record_version);
  if (!version) {
    // The stored version may differ: a write failed at its end, or somebody removed the record.
    const Result<std::optional<store::StoredRecord>> record =
        parts_.store.read_record(name, kStateKind);
    entry.record_version = record && *record ? (*record)->version : 0;
    version = parts_.store.write_record(lease, name, kStateKind, text, entry.record_version);
  }
  if (version) entry.record_version = *version;
  // Logged once. While the disk is full, the next attempt fails in the same way.
  const bool was_unwritten = std::exchange(entry.is_unwritten, !version);
  if (!version && !was_unwritten) {
    parts_.log.warn("certificate \"{}\": write down its state: {}", name,
                    version.error().message());
  }
  if (version && was_unwritten) {
    parts_.log.notice("certificate \"{}\": its state is written down again", name);
  }
}

Time Lifecycle::next_wake(const Choice& choice) const {
  const std::lock_guard lock(mutex_);
  const auto* wanted = first(choice, true);
  const auto* scheduled = choice.is_only_wanted ? nullptr : first(choice, false);
  return std::min(wanted == nullptr ? Time::max() : wanted->at,
                  scheduled == nullptr ? Time::max() : scheduled->at);
}

bool Lifecycle::ask_for_renewal(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return false;
  found->second.is_wanted = true;
  found->second.is_hastened = true;
  plan(found->second);
  return true;
}

bool Lifecycle::resume_renewal(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  entry.is_wanted = true;
  entry.is_hastened = !is_worth_waiting(entry.state);
  plan(entry);
  return true;
}

bool Lifecycle::is_asked_for(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found != entries_.end() && (found->second.is_wanted || found->second.is_serving);
}

std::vector<std::pair<std::string, store::Answer>> Lifecycle::take_answers() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void Lifecycle::look_again(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.in_work) return;
  found->second.state = Absent{};
  found->second.activates_at = Time::max();
  note_canary(name, std::nullopt);
  found->second.is_wanted = false;
  found->second.is_hastened = false;
  plan(found->second);
}

bool Lifecycle::is_in_work(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.in_work;
}

}  // namespace ccm::lifecycle
