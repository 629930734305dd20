// SPDX-License-Identifier: Apache-2.0
#include "base/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ccm {
namespace {

constexpr std::size_t kLongestSentence = 1000;
constexpr std::size_t kLongestText = 500;
constexpr std::size_t kLongestFieldName = 40;
constexpr std::size_t kMostFields = 32;
// In a line, each name of a field has this in front, so that it cannot be taken for another member.
constexpr std::string_view kFieldMark = "+";
// printable() leaves none in a text.
constexpr char kBetween = '\t';

constexpr std::array kEventKinds = {
    EventKind{EventType::renewing, "renewing",
              "a certificate is about to be obtained, the first time or because the one that is "
              "installed is due",
              true},
    EventKind{EventType::obtained, "obtained", "the cloud has handed out a certificate", false},
    EventKind{EventType::refused, "refused",
              "a certificate that the cloud has handed out was not good enough to be installed",
              false},
    EventKind{EventType::installing, "installing",
              "a certificate has passed every check and is about to be installed", true},
    EventKind{EventType::installed, "installed", "a certificate was installed in the store", false},
    EventKind{EventType::served, "served",
              "the server's workers have a newly installed certificate", false},
    EventKind{EventType::rolled_back, "rolled-back",
              "a new version was taken back during its canary, because more handshakes failed with "
              "it than with the one before",
              false},
    EventKind{EventType::expiring, "expiring",
              "an installed certificate is close to its end and has no successor yet; said once "
              "for each version",
              false},
    EventKind{EventType::failing, "failing",
              "a certificate cannot be brought up to date; said once, however many attempts fail",
              false},
    EventKind{EventType::recovered, "recovered", "a certificate that was failing is in order again",
              false},
    EventKind{EventType::revoked, "revoked",
              "its authority or the cloud says that the installed certificate was revoked; said "
              "once for each version",
              false},
    EventKind{EventType::staple, "staple", "a new OCSP response was stored for stapling", false},
    EventKind{EventType::challenge_setup, "challenge-setup",
              "the authority wants a proof of a domain, which is to be made visible now", true},
    EventKind{EventType::challenge_teardown, "challenge-teardown",
              "a proof of a domain is not needed any more", false},
    EventKind{EventType::agent_started, "agent-started", "the agent of a server has started",
              false},
    EventKind{EventType::lead_taken, "lead-taken",
              "the agent of a server looks after the certificates of the state directory from now "
              "on",
              false},
    EventKind{EventType::leader_changed, "leader-changed", "another host leads the fleet now",
              false},
    EventKind{EventType::host_joined, "host-joined", "a host was let into the fleet", false},
    EventKind{EventType::host_left, "host-left", "a host was removed from the fleet", false},
    EventKind{EventType::host_lost, "host-lost",
              "a host of the fleet was not heard of for three minutes", false},
    EventKind{EventType::host_returned, "host-returned",
              "a host of the fleet that was lost is heard of again", false},
};

static_assert([] {
  for (std::size_t i = 0; i < kEventKinds.size(); ++i) {
    if (static_cast<std::size_t>(kEventKinds[i].type) != i) return false;
  }
  return true;
}());

std::string cut_to(std::string_view text, std::size_t limit) {
  std::string shown = printable(text);
  if (shown.size() <= limit) return shown;
  return std::string(cut(shown, limit - 3)) + "...";
}

bool is_field_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kLongestFieldName &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

std::string seconds_of(Time time) {
  return fmt::format("{}", time.time_since_epoch().count());
}

std::optional<Time> time_of(std::optional<std::int64_t> seconds) {
  if (!seconds) return std::nullopt;
  return Time(Seconds(*seconds));
}

class NoEvents final : public Events {
 public:
  void tell(Event) noexcept override {}
  Result<void> ask(Event) noexcept override { return {}; }
};

}  // namespace

std::span<const EventKind> event_kinds() noexcept {
  return kEventKinds;
}

const EventKind& kind_of(EventType type) noexcept {
  return kEventKinds[static_cast<std::size_t>(type)];
}

const EventKind* find_event_kind(std::string_view name) noexcept {
  const auto found = std::find_if(kEventKinds.begin(), kEventKinds.end(),
                                  [name](const EventKind& kind) { return kind.name == name; });
  return found == kEventKinds.end() ? nullptr : &*found;
}

std::string_view Event::field(std::string_view name) const noexcept {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const auto& each) { return each.first == name; });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

Event bounded(Event event) {
  event.certificate = cut_to(event.certificate, kLongestText);
  event.server = cut_to(event.server, kLongestText);
  event.serial = cut_to(event.serial, kLongestText);
  event.sentence = cut_to(event.sentence, kLongestSentence);
  std::erase_if(event.fields, [](const auto& each) { return !is_field_name(each.first); });
  if (event.fields.size() > kMostFields) event.fields.resize(kMostFields);
  for (auto& [name, value] : event.fields) value = cut_to(value, kLongestText);
  return event;
}

std::string to_line(const Event& event) {
  Record record;
  record.add("event", kind_of(event.type).name);
  record.add("time", format_time(event.at));
  record.add("at", seconds_of(event.at));
  if (!event.certificate.empty()) record.add("certificate", event.certificate);
  if (!event.server.empty()) record.add("server", event.server);
  if (event.version != 0) record.add("version", fmt::format("{}", event.version));
  if (!event.serial.empty()) record.add("serial", event.serial);
  if (event.not_after) record.add("not_after", seconds_of(*event.not_after));
  for (const auto& [name, value] : event.fields) {
    record.add(fmt::format("{}{}", kFieldMark, name), value);
  }
  // The last member. A mark after it shows that the line is complete.
  record.add("sentence", event.sentence);
  record.add("end", "1");
  std::string line = record.serialize();
  std::replace(line.begin(), line.end(), '\n', kBetween);
  return line;
}

Result<Event> parse_event_line(std::string_view line) {
  std::string lines(line);
  std::replace(lines.begin(), lines.end(), kBetween, '\n');
  const Result<Record> record = Record::parse(lines);
  if (!record) return fail(record.error());
  const EventKind* kind = find_event_kind(record->find("event").value_or(""));
  const auto at = time_of(record->find_number("at"));
  if (kind == nullptr || !at || record->find("end") != "1") {
    return fail(ErrorKind::invalid, "this line is no event");
  }
  Event event{.type = kind->type, .at = *at};
  event.certificate = record->find("certificate").value_or("");
  event.server = record->find("server").value_or("");
  event.version = static_cast<std::uint64_t>(record->find_number("version").value_or(0));
  event.serial = record->find("serial").value_or("");
  event.not_after = time_of(record->find_number("not_after"));
  event.sentence = record->find("sentence").value_or("");
  for (const auto& [key, value] : record->fields()) {
    if (!key.starts_with(kFieldMark)) continue;
    event.fields.emplace_back(key.substr(kFieldMark.size()), value);
  }
  return event;
}

void pack_event(Packer& out, const Event& event) {
  out.block(to_line(event));
}

std::optional<Event> unpack_event(Unpacker& in) {
  Result<Event> event = parse_event_line(in.text());
  if (in.failed() || !event) return std::nullopt;
  return bounded(*std::move(event));
}

Events& no_events() noexcept {
  static NoEvents none;
  return none;
}

}  // namespace ccm
