// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schedule/health.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "lifecycle/schedule/deadline.h"

namespace ccm::lifecycle {
namespace {

constexpr std::string_view kToldFailing = "told-failing";    // "yes", "no"
constexpr std::string_view kToldExpiring = "told-expiring";  // the version
constexpr std::string_view kToldRevoked = "told-revoked";    // the version
constexpr std::string_view kValue = "value";

std::string key_of(const std::string& name, std::string_view kind) {
  return fmt::format("{} {}", kind, name);
}

Event health_event(EventType type, const std::string& name,
                   const std::optional<store::VersionInfo>& installed, std::string sentence) {
  Event event{.type = type, .certificate = name, .sentence = std::move(sentence)};
  if (!installed) return event;
  event.version = installed->number;
  event.serial = installed->serial;
  event.not_after = installed->not_after;
  return event;
}

// Why it is failing; nullptr when it is not. Waiting for the cloud is no failure.
const Error* failure_of(const State& state) {
  const Error* error = error_of(state);
  return error != nullptr && error->kind() != ErrorKind::pending ? error : nullptr;
}

std::string value_in(const store::StoreReader& store, const std::string& name,
                     std::string_view kind) {
  const auto stored = store.read_record(name, kind);
  const auto record =
      stored && *stored ? Record::parse((*stored)->value.reveal()) : Result<Record>(Record());
  return std::string(record ? record->find(kValue).value_or("") : "");
}

}  // namespace

std::string Health::told(const std::string& name, std::string_view kind) {
  const std::lock_guard lock(mutex_);
  const auto known = told_.find(key_of(name, kind));
  if (known != told_.end()) return known->second;
  return told_.insert_or_assign(key_of(name, kind), value_in(store_, name, kind)).first->second;
}

void Health::keep(const store::Lease& lease, const std::string& name, std::string_view kind,
                  const std::string& value) {
  const std::lock_guard lock(mutex_);
  told_.insert_or_assign(key_of(name, kind), value);
  const auto stored = store_.read_record(name, kind);
  const std::uint64_t expected = stored && *stored ? (*stored)->version : 0;
  Record record;
  record.add(kValue, value);
  // If this fails, the next agent sends the event again.
  static_cast<void>(store_.write_record(
      lease, name, kind, Secret::copy_of(std::string_view(record.serialize())), expected));
}

void Health::look(const store::Lease& lease, const std::string& name, const State& state,
                  const std::optional<store::VersionInfo>& installed, Time now) {
  const Error* failure = failure_of(state);
  const bool was_failing = told(name, kToldFailing) == "yes";
  if (failure != nullptr && !was_failing) {
    Event event = health_event(EventType::failing, name, installed, failure->message());
    event.fields.emplace_back("kind", to_string(failure->kind()));
    events_.tell(std::move(event));
    keep(lease, name, kToldFailing, "yes");
  }
  if (was_failing && std::holds_alternative<Valid>(state)) {
    events_.tell(health_event(EventType::recovered, name, installed, "it is in order again"));
    keep(lease, name, kToldFailing, "no");
  }
  if (!installed || urgent_from(*installed) > now) return;
  const std::string version = fmt::format("{}", installed->number);
  if (told(name, kToldExpiring) == version) return;
  events_.tell(
      health_event(EventType::expiring, name, installed,
                   installed->not_after <= now
                       ? fmt::format("version {} has expired and has no successor", version)
                       : fmt::format("version {} ends in {} and has no successor yet", version,
                                     format_duration(installed->not_after - now))));
  keep(lease, name, kToldExpiring, version);
}

bool Health::say_revoked(const store::Lease& lease, const std::string& name,
                         const store::VersionInfo& installed, const std::string& sentence) {
  const std::string version = fmt::format("{}", installed.number);
  // Something else may have reported it: a responder and the service do not answer at the same
  // time.
  if (value_in(store_, name, kToldRevoked) == version) return false;
  events_.tell(health_event(EventType::revoked, name, installed, sentence));
  keep(lease, name, kToldRevoked, version);
  return true;
}

}  // namespace ccm::lifecycle
