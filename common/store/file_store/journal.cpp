// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
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
#include "base/write_all.h"
#include "crypto/digest.h"
#include "store/entry_name.h"

namespace ccm::store {
namespace {

constexpr std::string_view kJournalHeader = "ccm-changes-2";
// The most lines before the file is written anew.
constexpr std::size_t kMostLines = 2 * kMostJournalNames;
constexpr std::size_t kLargestJournal = (kMostLines + 1) * (kMaxEntryName + 96);
constexpr std::size_t kCheckDigits = 16;

constexpr std::size_t kLargestRevision = 64;

// The check of a line and of all lines before it, so that no line in between can be missing.
std::string check_of(std::string_view before, std::string_view line) {
  const std::string text = fmt::format("{}\n{}", before, line);
  return crypto::to_hex(crypto::sha256(std::as_bytes(std::span(text)))).substr(0, kCheckDigits);
}

// Never 0.
std::uint64_t make_life() {
  std::uint64_t life = 0;
  const Result<Secret> random = crypto::random_bytes(sizeof life);
  if (random) std::memcpy(&life, random->bytes().data(), sizeof life);
  return life | 1U;
}

}  // namespace

struct Journal::Content {
  struct Change {
    std::uint64_t number;
    std::string name;
  };

  Revision last;
  std::uint64_t floor = 0;
  std::uint64_t revision = 0;   // what the file `revision` says, or is about to say
  std::vector<Change> changes;  // the oldest first
  // In the file.
  std::size_t lines = 0;
  std::string check;

  // Appends what follows to what was read before. False when no writer has written that.
  bool read(std::string_view text);
  // The new line of the file, once `name` has changed.
  std::string next_line(const std::string& name, std::uint64_t revision_after) const;
  std::string serialize() const;
  void begin_life();
  void add(std::uint64_t number, std::string name);

 private:
  bool take(const std::vector<std::string_view>& words);
};

bool Journal::Content::read(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::vector<std::string_view> words = split(line, ' ');
    const std::string_view said = line.substr(0, line.size() - words.back().size());
    if (words.back() != check_of(check, said) || !take(words)) return false;
    check = words.back();
    ++lines;
  }
  return lines > 0;
}

bool Journal::Content::take(const std::vector<std::string_view>& words) {
  const auto number = [&](std::size_t at) { return parse_unsigned(words[at]).value_or(0); };
  if (lines > 0) {
    if (words.size() != 4) return false;
    revision = number(1);
    add(number(0), std::string(words[2]));
    return true;
  }
  if (words.size() != 5 || words[0] != kJournalHeader) return false;
  floor = number(1);
  last = {.life = number(2), .number = floor};
  revision = number(3);
  return true;
}

std::string Journal::Content::next_line(const std::string& name,
                                        std::uint64_t revision_after) const {
  const std::string said = fmt::format("{} {} {} ", last.number + 1, revision_after, name);
  return fmt::format("{}{}\n", said, check_of(check, said));
}

std::string Journal::Content::serialize() const {
  std::string text;
  std::string before;
  const auto append = [&](const std::string& said) {
    before = check_of(before, said);
    text += fmt::format("{}{}\n", said, before);
  };
  append(fmt::format("{} {} {} {} ", kJournalHeader, floor, last.life, revision));
  for (const Change& each : changes) {
    append(fmt::format("{} {} {} ", each.number, revision, each.name));
  }
  return text;
}

void Journal::Content::begin_life() {
  last.life = make_life();
  floor = last.number;
  changes.clear();
}

void Journal::Content::add(std::uint64_t number, std::string name) {
  std::erase_if(changes, [&](const Change& change) { return change.name == name; });
  if (changes.size() == kMostJournalNames) {
    floor = changes.front().number;
    changes.erase(changes.begin());
  }
  last.number = number;
  changes.push_back({number, std::move(name)});
}

Journal::Journal(const std::string& state_path)
    : changes_path_(state_path + "/changes"),
      revision_path_(state_path + "/revision"),
      changes_(changes_path_, kLargestJournal),
      revision_(revision_path_, kLargestRevision) {}

Journal::~Journal() = default;

const Journal::Content* Journal::read() {
  if (changes_.look_for_more()) {
    const std::string_view text = changes_.content() ? *changes_.content() : std::string_view();
    // A reader may have seen the beginning of a line that was just being written.
    const std::size_t known = content_ ? changes_.kept() : 0;
    if (known == 0) content_ = std::make_unique<Content>();
    if (!content_->read(text.substr(known))) content_ = nullptr;
  }
  return content_.get();
}

std::uint64_t Journal::read_revision() {
  revision_.look();
  return revision_.content() ? parse_unsigned(trim(*revision_.content())).value_or(0) : 0;
}

// A reader that finds no file, or a part of one, looks at everything. A power cut may bring an
// older file back. Of those who have seen the newer one only the snapshot outlives that, and the
// next leader begins a new life, so it looks at everything.
void Journal::write(const Content& content) const {
  if (!write_file_unsynced(changes_path_, content.serialize())) unlink(changes_path_.c_str());
}

bool Journal::append(const std::string& line) const {
  const FileDescriptor file(
      open(changes_path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // Setting the mode again wakes whoever watches the directory (FileReader::watch).
  return file && write_all(file.get(), line) && fchmod(file.get(), kOwnerOnlyFile) == 0;
}

// In place, as a new file for each change costs more than all else here. Two changes in a row may
// leave the times and the size of the file as they were, so that a reader knows the first number
// only; the second change has added its line, too, so the reader lacks nothing.
void Journal::write_revision(std::uint64_t revision) const {
  const std::string text = fmt::format("{}\n", revision);
  const FileDescriptor file(
      open(revision_path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  const bool is_fit = file && fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode) &&
                      facts.st_size <= static_cast<off_t>(text.size());
  if (is_fit && write_all(file.get(), text)) return;
  static_cast<void>(write_file_unsynced(revision_path_, text));
}

Changes Journal::since(const Revision& before) {
  const std::lock_guard lock(mutex_);
  // Read first, because it is written last.
  const std::uint64_t revision = read_revision();
  const Content* content = read();
  if (content == nullptr) return {};
  Changes changes{.revision = content->last, .names = std::nullopt};
  const bool is_covered = before.life == content->last.life && before.number >= content->floor &&
                          before.number <= content->last.number && revision <= content->revision;
  if (!is_covered) return changes;
  changes.names.emplace();
  for (const Content::Change& change : content->changes) {
    if (change.number > before.number) changes.names->push_back(change.name);
  }
  return changes;
}

// Appending costs the same with any number of names, for the writer and for every reader.
void Journal::note(const std::string& name, Changed what) {
  const std::lock_guard lock(mutex_);
  const Content* before = read();
  const std::uint64_t revision = read_revision();
  // What an older release did meanwhile is not in it.
  const bool goes_on = before != nullptr && revision <= before->revision;
  const std::uint64_t after =
      (goes_on ? before->revision : revision) + (what == Changed::what_is_served ? 1 : 0);
  const bool is_appended =
      goes_on && before->lines < kMostLines && append(before->next_line(name, after));
  if (!is_appended) {
    Content content = goes_on ? *before : Content();
    if (!goes_on) content.begin_life();
    content.revision = after;
    content.add(content.last.number + 1, name);
    write(content);
  }
  if (what == Changed::records) return;
  write_revision(after);
}

void Journal::note_new_life() {
  const std::lock_guard lock(mutex_);
  const Content* before = read();
  Content content = before != nullptr ? *before : Content();
  content.revision = read_revision();
  content.begin_life();
  write(content);
}

Changes read_changes(const std::string& state_path, const Revision& before) {
  return Journal(state_path).since(before);
}

void note_change(const std::string& state_path, const std::string& name, Changed what) {
  Journal(state_path).note(name, what);
}

void note_new_life(const std::string& state_path) {
  Journal(state_path).note_new_life();
}

}  // namespace ccm::store
