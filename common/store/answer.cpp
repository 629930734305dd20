// SPDX-License-Identifier: Apache-2.0
#include "store/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "store/entry_name.h"
#include "store/error_record.h"

namespace ccm::store {
namespace {

constexpr std::string_view kAnswersKind = "answers";
constexpr std::string_view kField = "answer";
constexpr std::string_view kBegunField = "begun";  // "ID NAME"
// More than this are not waited for at one time.
constexpr std::size_t kMostAnswers = 64;

std::string serialize(const std::string& id, const Answer& answer) {
  Record record;
  record.add("id", id);
  record.add("has_changed", answer.has_changed ? "yes" : "no");
  record.add("version", fmt::format("{}", answer.version));
  if (answer.error) add_error(record, *answer.error);
  if (answer.again_at) {
    record.add("again_at", fmt::format("{}", answer.again_at->time_since_epoch().count()));
  }
  if (!answer.report.empty()) record.add("report", answer.report);
  return record.serialize();
}

Answer parse_answer(const Record& record) {
  Answer answer{.has_changed = record.find("has_changed") == "yes",
                .version = parse_unsigned(record.find("version").value_or("")).value_or(0),
                .error = std::nullopt,
                .again_at = std::nullopt};
  answer.report = record.find("report").value_or("");
  if (Result<Error> error = read_error(record)) answer.error = std::move(*error);
  if (const auto again = record.find_number("again_at")) answer.again_at = Time(Seconds(*again));
  return answer;
}

struct Kept {
  std::uint64_t version = 0;         // of the record
  std::vector<std::string> answers;  // each a record of its own, the oldest first
  std::vector<Ticket> begun;         // the oldest first
};

// A damaged record counts as empty.
Kept read_kept(const StoreReader& store) {
  const auto stored = store.read_record(kStoreWide, kAnswersKind);
  if (!stored || !*stored) return {};
  Kept kept{.version = (*stored)->version, .answers = {}, .begun = {}};
  const auto record = Record::parse((*stored)->value.reveal());
  if (!record) return kept;
  for (const std::string_view text : record->find_all(kField)) kept.answers.emplace_back(text);
  for (const std::string_view line : record->find_all(kBegunField)) {
    const std::vector<std::string_view> words = split(line, ' ');
    if (words.size() != 2 || !check_entry_name(words[1])) continue;
    kept.begun.push_back({.id = std::string(words[0]), .name = std::string(words[1])});
  }
  return kept;
}

Result<void> write_kept(Store& store, const Lease& lease, const Kept& kept) {
  Record record;
  for (const std::string& text : kept.answers) record.add(kField, text);
  for (const Ticket& ticket : kept.begun) {
    record.add(kBegunField, fmt::format("{} {}", ticket.id, ticket.name));
  }
  auto written =
      store.write_record(lease, kStoreWide, kAnswersKind,
                         Secret::copy_of(std::string_view(record.serialize())), kept.version);
  if (!written) return pass(std::move(written));
  return {};
}

// Whether it was there.
bool remove_begun(Kept& kept, const std::string& id) {
  return std::erase_if(kept.begun, [&](const Ticket& each) { return each.id == id; }) != 0;
}

bool is_about(const std::string& text, const std::string& id) {
  const auto record = Record::parse(text);
  return record && record->find("id") == id;
}

}  // namespace

Result<void> keep_answer(Store& store, const Lease& lease, const std::string& id,
                         const Answer& answer) {
  Kept kept = read_kept(store);
  std::erase_if(kept.answers, [&](const std::string& text) { return is_about(text, id); });
  kept.answers.push_back(serialize(id, answer));
  if (kept.answers.size() > kMostAnswers) kept.answers.erase(kept.answers.begin());
  remove_begun(kept, id);
  return write_kept(store, lease, kept);
}

Result<void> note_begun(Store& store, const Lease& lease, const Ticket& ticket) {
  Kept kept = read_kept(store);
  const bool is_noted = std::any_of(kept.begun.begin(), kept.begun.end(),
                                    [&](const Ticket& each) { return each.id == ticket.id; });
  if (is_noted) return {};
  kept.begun.push_back(ticket);
  if (kept.begun.size() > kMostAnswers) kept.begun.erase(kept.begun.begin());
  return write_kept(store, lease, kept);
}

Result<void> drop_begun(Store& store, const Lease& lease, const std::string& id) {
  Kept kept = read_kept(store);
  return remove_begun(kept, id) ? write_kept(store, lease, kept) : Result<void>();
}

std::vector<Ticket> find_begun(const StoreReader& store) {
  return read_kept(store).begun;
}

std::optional<Answer> find_answer(const StoreReader& store, const std::string& id) {
  for (const std::string& text : read_kept(store).answers) {
    if (is_about(text, id)) return parse_answer(*Record::parse(text));
  }
  return std::nullopt;
}

}  // namespace ccm::store
