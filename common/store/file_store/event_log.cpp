// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/file_end.h"
#include "base/text.h"

namespace ccm::store {
namespace {

using FileNumber = std::uint64_t;

constexpr std::string_view kActivity = "keeping an event";

std::string event_file(const std::string& state_path, FileNumber number) {
  return fmt::format("{}/{}{:08}", state_path, kEventsPrefix, number);
}

// Lowest first.
Result<std::vector<FileNumber>> event_files(const std::string& state_path) {
  const Result<std::vector<std::string>> names = list_directory(state_path);
  if (!names) return fail(names.error());
  std::vector<FileNumber> numbers;
  for (const std::string& name : *names) {
    if (!name.starts_with(kEventsPrefix)) continue;
    const auto number = parse_unsigned(std::string_view(name).substr(kEventsPrefix.size()));
    if (number && *number > 0 && event_file("", *number) == "/" + name) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

FileDescriptor open_event_file(const std::string& path, int flags) {
  return FileDescriptor(open(path.c_str(),
                             O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags,
                             kOwnerOnlyFile));
}

bool is_full(const struct stat& facts) noexcept {
  return static_cast<std::size_t>(facts.st_size) >= kFullEventFile;
}

// Whether the last writer did not come to the end of its line.
bool is_torn(int file, off_t size) noexcept {
  char last = '\n';
  return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

void remove_old_events(const std::string& state_path, const std::vector<FileNumber>& numbers,
                       FileNumber newest) noexcept {
  for (const FileNumber number : numbers) {
    if (number + kMostEventFiles <= newest) unlink(event_file(state_path, number).c_str());
  }
}

}  // namespace

struct EventLog::Newest {
  FileNumber number = 0;
  FileDescriptor file;
  struct stat facts {};

  // False with errno.
  bool open(const std::string& state_path, FileNumber its_number, int flags) {
    number = its_number;
    file = open_event_file(event_file(state_path, number), flags);
    return file && fstat(file.get(), &facts) == 0;
  }
};

Result<EventLog::Newest> EventLog::find_newest() {
  Newest newest;
  const FileNumber known = known_;
  if (known != 0 && newest.open(state_path_, known, 0) && !is_full(newest.facts)) return newest;
  Result<std::vector<FileNumber>> numbers = event_files(state_path_);
  if (!numbers) return fail_with(std::move(numbers), kActivity);
  const FileNumber highest = numbers->empty() ? 1 : numbers->back();
  bool is_open = newest.open(state_path_, highest, O_CREAT);
  if (is_open && is_full(newest.facts)) {
    is_open = newest.open(state_path_, highest + 1, O_CREAT);
    if (is_open) remove_old_events(state_path_, *numbers, newest.number);
  }
  if (!is_open) return fail(system_error(kActivity, errno));
  known_ = newest.number;
  return newest;
}

Result<void> EventLog::append(std::string_view line) {
  const Result<Newest> newest = find_newest();
  if (!newest) return fail(newest.error());
  if (!S_ISREG(newest->facts.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no regular file", kActivity,
                                                event_file(state_path_, newest->number)));
  }
  const int file = newest->file.get();
  const std::string text =
      fmt::format("{}{}\n", is_torn(file, newest->facts.st_size) ? "\n" : "", line);
  const ssize_t written = write(file, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return {};
  return fail(system_error(kActivity, written < 0 ? errno : ENOSPC));
}

Result<EventPage> read_event_page(const std::string& state_path, const EventMark& mark) {
  // Somebody may append to a file while it is read.
  constexpr std::size_t kLargest = 4 * kFullEventFile;
  EventPage page{.events = {}, .next = mark};
  const Result<std::vector<FileNumber>> numbers = event_files(state_path);
  if (!numbers) {
    // A store that does not exist is empty.
    if (numbers.error().kind() == ErrorKind::rejected) return page;
    return fail(numbers.error());
  }
  const auto found = std::lower_bound(numbers->begin(), numbers->end(), mark.file);
  if (found == numbers->end()) return page;
  if (*found != mark.file) page.next = {.file = *found, .offset = 0};
  // A follower has already read what is before the offset.
  const Result<FileEnd> end =
      read_file_end(event_file(state_path, *found), page.next.offset, kLargest, Links::nowhere);
  if (!end) return fail(end.error());
  page.next.offset = end->begin + for_each_line(end->content, [&page](std::string_view line) {
                       Result<Event> event = parse_event_line(line);
                       if (event) page.events.push_back(*std::move(event));
                     });
  const auto following = std::next(found);
  page.has_more = following != numbers->end();
  if (page.has_more) page.next = {.file = *following, .offset = 0};
  return page;
}

}  // namespace ccm::store
