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

constexpr std::size_t kLargestRevision = 64;

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
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
  std::uint64_t revision = 0;   // the file of that name, as it was or was about to be written
  std::vector<Change> changes;  // the oldest first

  static std::optional<Content> parse(std::string_view text);
  std::string serialize() const;
  void begin_life();
  void add(const std::string& name);

 private:
  std::string head() const {
    return fmt::format("{} {} {} {} {}", kJournalHeader, last.number, last.life, floor, revision);
  }
  // Of all that the file says.
  std::string digest(std::string_view lines) const {
    const std::string text = fmt::format("{}\n{}", head(), lines);
    return crypto::to_hex(crypto::sha256(std::as_bytes(std::span(text))));
  }
};

std::string Journal::Content::serialize() const {
  std::string lines;
  for (const Change& change : changes) lines += fmt::format("{} {}\n", change.number, change.name);
  return fmt::format("{} {}\n{}", head(), digest(lines), lines);
}

std::optional<Journal::Content> Journal::Content::parse(std::string_view text) {
  const std::vector<std::string_view> head = split(take_line(text), ' ');
  if (head.size() != 6 || head[0] != kJournalHeader) return std::nullopt;
  const auto number = [&](std::size_t at) { return parse_unsigned(head[at]).value_or(0); };
  Content content;
  content.last = {.life = number(2), .number = number(1)};
  content.floor = number(3);
  content.revision = number(4);
  if (head[5] != content.digest(text)) return std::nullopt;
  while (!text.empty()) {
    const std::vector<std::string_view> words = split(take_line(text), ' ');
    const auto at = parse_unsigned(words.front());
    if (words.size() != 2 || !at) return std::nullopt;
    content.changes.push_back({*at, std::string(words[1])});
  }
  return content;
}

void Journal::Content::begin_life() {
  last.life = make_life();
  floor = last.number;
  changes.clear();
}

void Journal::Content::add(const std::string& name) {
  std::erase_if(changes, [&](const Change& change) { return change.name == name; });
  if (changes.size() == kMostJournalNames) {
    floor = changes.front().number;
    changes.erase(changes.begin());
  }
  changes.push_back({++last.number, name});
}

Journal::Journal(const std::string& state_path)
    : changes_path_(state_path + "/changes"),
      revision_path_(state_path + "/revision"),
      changes_(changes_path_, kLargestJournal),
      revision_(revision_path_, kLargestRevision) {}

Journal::~Journal() = default;

std::shared_ptr<const Journal::Content> Journal::read() {
  const std::lock_guard lock(mutex_);
  if (!changes_.look()) return content_;
  content_ = nullptr;
  if (changes_.content()) {
    if (std::optional<Content> content = Content::parse(*changes_.content())) {
      content_ = std::make_shared<const Content>(*std::move(content));
    }
  }
  return content_;
}

std::uint64_t Journal::read_revision() {
  const std::lock_guard lock(mutex_);
  revision_.look();
  return revision_.content() ? parse_unsigned(trim(*revision_.content())).value_or(0) : 0;
}

// A reader that finds no file, or a part of one, looks at everything. A power cut may bring an
// older one back. Of those who have seen the newer one only the snapshot outlives that, and the
// next leader begins a new life and looks at everything.
void Journal::write(const Content& content) const {
  if (!write_file_unsynced(changes_path_, content.serialize())) unlink(changes_path_.c_str());
}

Changes Journal::since(const Revision& before) {
  // First, as it is written last.
  const std::uint64_t revision = read_revision();
  const std::shared_ptr<const Content> content = read();
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

void Journal::note(const std::string& name, Changed what) {
  const std::shared_ptr<const Content> before = read();
  const std::uint64_t revision = read_revision();
  Content content = before != nullptr ? *before : Content();
  // What an older release did meanwhile is not in it.
  if (before == nullptr || revision > content.revision) {
    content = {};
    content.begin_life();
  }
  content.revision = revision + (what == Changed::what_is_served ? 1 : 0);
  content.add(name);
  write(content);
  if (what == Changed::records) return;
  static_cast<void>(write_file_unsynced(revision_path_, fmt::format("{}\n", content.revision)));
}

void Journal::note_new_life() {
  const std::shared_ptr<const Content> before = read();
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
