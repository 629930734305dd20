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
#include "base/text.h"

namespace ccm::store {
namespace {

using FileNumber = std::uint64_t;

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

FileDescriptor open_event_file(const std::string& path) {
  return FileDescriptor(open(path.c_str(),
                             O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                             kOwnerOnlyFile));
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

Result<void> append_event_line(const std::string& state_path, std::string_view line) {
  constexpr std::string_view kActivity = "keeping an event";
  Result<std::vector<FileNumber>> numbers = event_files(state_path);
  if (!numbers) return fail_with(std::move(numbers), kActivity);
  FileNumber number = numbers->empty() ? 1 : numbers->back();
  FileDescriptor file = open_event_file(event_file(state_path, number));
  struct stat facts {};
  if (!file || fstat(file.get(), &facts) != 0) return fail(system_error(kActivity, errno));
  if (static_cast<std::size_t>(facts.st_size) >= kFullEventFile) {
    file = open_event_file(event_file(state_path, ++number));
    if (!file || fstat(file.get(), &facts) != 0) return fail(system_error(kActivity, errno));
    remove_old_events(state_path, *numbers, number);
  }
  if (!S_ISREG(facts.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no regular file", kActivity,
                                                event_file(state_path, number)));
  }
  const std::string text =
      fmt::format("{}{}\n", is_torn(file.get(), facts.st_size) ? "\n" : "", line);
  const ssize_t written = write(file.get(), text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return {};
  return fail(system_error(kActivity, written < 0 ? errno : ENOSPC));
}

Result<EventPage> read_event_page(const std::string& state_path, const EventMark& mark) {
  // Somebody may add to a file while it is read.
  constexpr std::size_t kLargest = 4 * kFullEventFile;
  EventPage page{.events = {}, .next = mark};
  const Result<std::vector<FileNumber>> numbers = event_files(state_path);
  if (!numbers) {
    // A store that is not there is an empty one.
    if (numbers.error().kind() == ErrorKind::rejected) return page;
    return fail(numbers.error());
  }
  const auto found = std::lower_bound(numbers->begin(), numbers->end(), mark.file);
  if (found == numbers->end()) return page;
  if (*found != mark.file) page.next = {.file = *found, .offset = 0};
  const Result<std::string> text =
      read_file(event_file(state_path, *found), kLargest, Links::nowhere);
  if (!text) return fail(text.error());
  const std::size_t start = std::min<std::size_t>(page.next.offset, text->size());
  page.next.offset =
      start + for_each_line(std::string_view(*text).substr(start), [&page](std::string_view line) {
        Result<Event> event = parse_event_line(line);
        if (event) page.events.push_back(*std::move(event));
      });
  const auto following = std::next(found);
  page.has_more = following != numbers->end();
  if (page.has_more) page.next = {.file = *following, .offset = 0};
  return page;
}

}  // namespace ccm::store
