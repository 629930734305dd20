// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schedule/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "store/error_record.h"

namespace ccm::lifecycle {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

void add_time(Record& record, std::string_view key, Time time) {
  record.add(key, std::to_string(time.time_since_epoch().count()));
}

Result<Time> read_time(const Record& record, std::string_view key) {
  const auto value = record.find_number(key);
  if (value) return Time(Seconds(*value));
  return fail(ErrorKind::invalid, fmt::format("{} is missing or not a number", key));
}

Result<State> read_valid(const Record& record) {
  const Result<Time> renew_at = read_time(record, "renew_at");
  if (!renew_at) return fail(renew_at.error());
  const Result<Time> check_at = read_time(record, "check_at");
  if (!check_at) return fail(check_at.error());
  return State(Valid{.renew_at = *renew_at, .check_at = *check_at});
}

// Earlier releases stored a waiting certificate as failing.
Result<State> read_failing(const Record& record) {
  Result<Error> error = store::read_error(record);
  if (!error) return pass(std::move(error));
  const Result<Time> retry_at = read_time(record, "retry_at");
  if (!retry_at) return fail(retry_at.error());
  const auto attempts = record.find_number("attempts");
  if (!attempts || *attempts < 0 || *attempts > std::numeric_limits<unsigned>::max()) {
    return fail(ErrorKind::invalid, "attempts is missing or not a number");
  }
  if (error->kind() == ErrorKind::pending) {
    return State(Waiting{.attempts = static_cast<unsigned>(*attempts),
                         .retry_at = *retry_at,
                         .reason = std::move(*error)});
  }
  // Earlier releases did not count them separately.
  const auto costly = record.find_number("costly").value_or(*attempts);
  return State(
      Failing{.attempts = static_cast<unsigned>(*attempts),
              .retry_at = *retry_at,
              .error = std::move(*error),
              .costly = static_cast<unsigned>(std::clamp<std::int64_t>(costly, 0, *attempts))});
}

Result<State> read_rejected(const Record& record) {
  Result<Error> error = store::read_error(record);
  if (!error) return pass(std::move(error));
  const Result<Time> check_at = read_time(record, "check_at");
  if (!check_at) return fail(check_at.error());
  return State(Rejected{.check_at = *check_at, .error = std::move(*error)});
}

Result<State> read_state(const Record& record) {
  const std::string_view name = record.find("state").value_or("");
  if (name == "absent") return State(Absent{});
  if (name == "valid") return read_valid(record);
  if (name == "failing" || name == "waiting") return read_failing(record);
  if (name == "rejected") return read_rejected(record);
  return fail(ErrorKind::invalid, "\"" + printable(name) + "\" is not a state");
}

}  // namespace

Time due(const State& state) noexcept {
  return std::visit(Overloaded{
                        [](const Absent&) { return Time{}; },
                        [](const Valid& valid) { return std::min(valid.renew_at, valid.check_at); },
                        [](const Waiting& waiting) { return waiting.retry_at; },
                        [](const Failing& failing) { return failing.retry_at; },
                        [](const Rejected& rejected) { return rejected.check_at; },
                    },
                    state);
}

bool was_told_to_stay_away(const State& state) noexcept {
  const auto* failing = std::get_if<Failing>(&state);
  return failing != nullptr && failing->error.kind() == ErrorKind::throttled;
}

const Error* error_of(const State& state) noexcept {
  if (const auto* waiting = std::get_if<Waiting>(&state)) return &waiting->reason;
  if (const auto* failing = std::get_if<Failing>(&state)) return &failing->error;
  if (const auto* rejected = std::get_if<Rejected>(&state)) return &rejected->error;
  return nullptr;
}

std::string serialize(const PersistedState& state) {
  Record record;
  std::visit(Overloaded{
                 [&](const Absent&) { record.add("state", "absent"); },
                 [&](const Valid& valid) {
                   record.add("state", "valid");
                   add_time(record, "renew_at", valid.renew_at);
                   add_time(record, "check_at", valid.check_at);
                 },
                 [&](const Waiting& waiting) {
                   record.add("state", "waiting");
                   record.add("attempts", std::to_string(waiting.attempts));
                   add_time(record, "retry_at", waiting.retry_at);
                   store::add_error(record, waiting.reason);
                 },
                 [&](const Failing& failing) {
                   record.add("state", "failing");
                   record.add("attempts", std::to_string(failing.attempts));
                   record.add("costly", std::to_string(failing.costly));
                   add_time(record, "retry_at", failing.retry_at);
                   store::add_error(record, failing.error);
                 },
                 [&](const Rejected& rejected) {
                   record.add("state", "rejected");
                   add_time(record, "check_at", rejected.check_at);
                   store::add_error(record, rejected.error);
                 },
             },
             state.state);
  record.add("spec_fingerprint", state.spec_fingerprint);
  record.add("launch_id", state.launch_id);
  return record.serialize();
}

Result<PersistedState> parse_state(std::string_view text) {
  Result<Record> record = Record::parse(text);
  if (!record) return pass(std::move(record));
  Result<State> state = read_state(*record);
  if (!state) return pass(std::move(state));
  const auto fingerprint = record->find("spec_fingerprint");
  const auto launch_id = record->find("launch_id");
  if (!fingerprint || !launch_id) {
    return fail(ErrorKind::invalid, "spec_fingerprint or launch_id is missing");
  }
  return PersistedState{.state = std::move(*state),
                        .spec_fingerprint = std::string(*fingerprint),
                        .launch_id = std::string(*launch_id)};
}

}  // namespace ccm::lifecycle
