// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/journal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "store/entry_name.h"

namespace ccm::store {
namespace {

constexpr std::string_view kJournalHeader = "ccm-changes-1";
// Each name with its number, and the head.
constexpr std::size_t kLargestJournal = kMostJournalNames * (kMaxEntryName + 32);

struct Change {
  std::uint64_t number;
  std::string name;
};

struct Journal {
  Revision last;
  std::uint64_t floor = 0;
  std::uint64_t revision = 0;   // the file of that name, as it was or was about to be written
  std::vector<Change> changes;  // the oldest first
};

std::string journal_path(const std::string& state_path) {
  return state_path + "/changes";
}

std::string revision_path(const std::string& state_path) {
  return state_path + "/revision";
}

std::string head_of(const Journal& journal) {
  return fmt::format("{} {} {} {} {}", kJournalHeader, journal.last.number, journal.last.life,
                     journal.floor, journal.revision);
}

// Of all that the file says.
std::string digest_of(const Journal& journal, std::string_view lines) {
  const std::string text = fmt::format("{}\n{}", head_of(journal), lines);
  return crypto::to_hex(crypto::sha256(std::as_bytes(std::span(text))));
}

std::string serialize(const Journal& journal) {
  std::string lines;
  for (const Change& change : journal.changes) {
    lines += fmt::format("{} {}\n", change.number, change.name);
  }
  return fmt::format("{} {}\n{}", head_of(journal), digest_of(journal, lines), lines);
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::optional<Journal> parse_journal(std::string_view text) {
  const std::vector<std::string_view> head = split(take_line(text), ' ');
  if (head.size() != 6 || head[0] != kJournalHeader) return std::nullopt;
  const auto number = [&](std::size_t at) { return parse_unsigned(head[at]).value_or(0); };
  Journal journal{.last = {.life = number(2), .number = number(1)},
                  .floor = number(3),
                  .revision = number(4),
                  .changes = {}};
  if (head[5] != digest_of(journal, text)) return std::nullopt;
  while (!text.empty()) {
    const std::vector<std::string_view> words = split(take_line(text), ' ');
    const auto at = parse_unsigned(words.front());
    if (words.size() != 2 || !at) return std::nullopt;
    journal.changes.push_back({*at, std::string(words[1])});
  }
  return journal;
}

// nullopt when there is none to go by.
std::optional<Journal> read_journal(const std::string& state_path) {
  const Result<std::string> text =
      read_file(journal_path(state_path), kLargestJournal, Links::nowhere);
  return text ? parse_journal(*text) : std::nullopt;
}

std::uint64_t read_revision(const std::string& state_path) {
  const Result<std::string> text = read_file(revision_path(state_path), 64, Links::nowhere);
  return text ? parse_unsigned(trim(*text)).value_or(0) : 0;
}

// Never 0.
std::uint64_t make_life() {
  std::uint64_t life = 0;
  const Result<Secret> random = crypto::random_bytes(sizeof life);
  if (random) std::memcpy(&life, random->bytes().data(), sizeof life);
  return life | 1U;
}

void begin_life(Journal& journal) {
  journal.last.life = make_life();
  journal.floor = journal.last.number;
  journal.changes.clear();
}

// A reader that finds no file, or a part of one, looks at everything. A power cut may bring an
// older one back; nobody who has seen the newer one outlives that, and the next leader begins a new
// life.
void write_journal(const std::string& state_path, const Journal& journal) {
  const std::string path = journal_path(state_path);
  if (!write_file_unsynced(path, serialize(journal))) unlink(path.c_str());
}

void add(Journal& journal, const std::string& name) {
  std::erase_if(journal.changes, [&](const Change& change) { return change.name == name; });
  if (journal.changes.size() == kMostJournalNames) {
    journal.floor = journal.changes.front().number;
    journal.changes.erase(journal.changes.begin());
  }
  journal.changes.push_back({++journal.last.number, name});
}

}  // namespace

Changes read_changes(const std::string& state_path, const Revision& before) {
  // First, as it is written last.
  const std::uint64_t revision = read_revision(state_path);
  const std::optional<Journal> journal = read_journal(state_path);
  if (!journal) return {};
  Changes changes{.revision = journal->last, .names = std::nullopt};
  const bool is_covered = before.life == journal->last.life && before.number >= journal->floor &&
                          before.number <= journal->last.number && revision <= journal->revision;
  if (!is_covered) return changes;
  changes.names.emplace();
  for (const Change& change : journal->changes) {
    if (change.number > before.number) changes.names->push_back(change.name);
  }
  return changes;
}

void note_change(const std::string& state_path, const std::string& name, Changed what) {
  std::optional<Journal> journal = read_journal(state_path);
  const std::uint64_t revision = read_revision(state_path);
  // What an older release did meanwhile is not in it.
  if (!journal || revision > journal->revision) {
    journal.emplace();
    begin_life(*journal);
  }
  journal->revision = revision + (what == Changed::what_is_served ? 1 : 0);
  add(*journal, name);
  write_journal(state_path, *journal);
  if (what == Changed::records) return;
  static_cast<void>(
      write_file_unsynced(revision_path(state_path), fmt::format("{}\n", journal->revision)));
}

void note_new_life(const std::string& state_path) {
  Journal journal = read_journal(state_path).value_or(Journal());
  journal.revision = read_revision(state_path);
  begin_life(journal);
  write_journal(state_path, journal);
}

}  // namespace ccm::store
