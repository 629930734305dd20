// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/file_reader.h"

#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "base/trial.h"
#include "store/entry_name.h"
#include "store/file_store/event_log.h"
#include "store/file_store/folder_watch.h"
#include "store/file_store/journal.h"
#include "store/file_store/record_file.h"
#include "store/file_store/version_files.h"

namespace ccm::store {
namespace {

// A version may be pruned while it is read; then `current` has moved on and is read again.
constexpr int kAttempts = 4;
// The most older versions that are tried, because a server waits for the result. No store keeps
// more that are all damaged.
constexpr int kMostOlderTries = 8;

void try_inotify() {
  static_cast<void>(inotify_init1(IN_CLOEXEC));
}

struct Pointer {
  VersionNumber number = 0;
  // Set when `current` exists and is not what it should be.
  std::optional<Error> damage;
};

Pointer read_pointer(const std::string& certificate_path) {
  const std::string path = certificate_path + "/current";
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = readlink(path.c_str(), buffer.data(), buffer.size());
  if (size < 0 && errno == ENOENT) return {};
  if (size < 0) {
    return {.damage = Error(
                ErrorKind::invalid,
                fmt::format("{} is not a readable symbolic link: {}", path, errno_text(errno)))};
  }
  std::string_view target(buffer.data(), static_cast<std::size_t>(size));
  constexpr std::string_view kPrefix = "versions/";
  Pointer pointer;
  if (target.starts_with(kPrefix)) {
    pointer.number = parse_version_number(target.substr(kPrefix.size()));
  }
  if (pointer.number == 0) {
    pointer.damage =
        Error(ErrorKind::invalid, fmt::format("{} does not point at versions/N", path));
  }
  return pointer;
}

Result<std::vector<VersionNumber>> newest_first(const std::string& certificate_path) {
  Result<std::vector<std::string>> names =
      list_directory(certificate_path + "/versions", Links::nowhere);
  if (!names) return pass(std::move(names));
  std::vector<VersionNumber> numbers;
  for (const std::string& name : *names) {
    if (const VersionNumber number = parse_version_number(name)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  return numbers;
}

Result<StoredCertificate> read_version(const std::string& certificate_path, VersionNumber number) {
  return read_version_files(fmt::format("{}/versions/{}", certificate_path, number), number);
}

// The newest intact version that is older than what the pointer says, or any when it says nothing.
// A version without a pointer is a first installation that was interrupted when all of it was on
// the disk.
Result<StoreReader::Loaded> load_older(const std::string& certificate_path, Pointer pointer) {
  StoreReader::Loaded loaded{.certificate = {}, .damage = std::move(pointer.damage)};
  Result<std::vector<VersionNumber>> numbers = newest_first(certificate_path);
  if (!numbers) return pass(std::move(numbers));
  int tried = 0;
  for (const VersionNumber number : *numbers) {
    if (pointer.number != 0 && number >= pointer.number) continue;
    if (++tried > kMostOlderTries) break;
    Result<StoredCertificate> older = read_version(certificate_path, number);
    if (older) {
      loaded.certificate = std::move(*older);
      break;
    }
    if (!loaded.damage) loaded.damage = std::move(older).error();
  }
  return loaded;
}

// Resolves the links on the way to the store, which are root's (state_directory.h). Below it, links
// are not followed.
std::string real_path(const std::string& place) {
  if (!place.starts_with('/')) return place;
  const Handle<char, free> real(realpath(place.c_str(), nullptr));
  return real != nullptr ? real.get() : place;
}

}  // namespace

FileReader::FileReader(std::string state_path)
    : place_(std::move(state_path)), state_path_(real_path(place_)), journal_(state_path_) {}

std::string FileReader::certificate_path(const std::string& name) const {
  return fmt::format("{}/certificates/{}", state_path_, name);
}

Result<StoreReader::Loaded> FileReader::load(const std::string& name) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  const std::string path = certificate_path(name);
  Pointer pointer = read_pointer(path);
  for (int attempt = 1; pointer.number != 0; ++attempt) {
    Result<StoredCertificate> current = read_version(path, pointer.number);
    if (current) return Loaded{.certificate = std::move(*current), .damage = {}};
    Pointer again = read_pointer(path);
    if (again.number == pointer.number || attempt == kAttempts) {
      pointer.damage = std::move(current).error();
      break;
    }
    pointer = std::move(again);
  }
  return load_older(path, std::move(pointer));
}

Traces FileReader::traces_of(const std::string& name) const noexcept {
  return {.version = current_version(name),
          .stamp = version_stamp(name),
          .response = response_stamp(name)};
}

Result<StoreReader::Loaded> FileReader::load_again(const std::string& name) const {
  // Taken before reading, so that a change in between is noticed the next time.
  const Traces traces = traces_of(name);
  if (auto known = recent_.find(name, traces)) {
    return Loaded{.certificate = *std::move(known), .damage = {}};
  }
  Result<Loaded> loaded = load(name);
  const bool is_current = loaded && loaded->certificate && !loaded->damage && traces.stamp != 0 &&
                          loaded->certificate->info.number == traces.version;
  if (is_current) recent_.note(name, traces, *loaded->certificate);
  return loaded;
}

Result<StoreReader::Described> FileReader::describe(const std::string& name) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  const std::string path = certificate_path(name);
  const VersionNumber number = read_pointer(path).number;
  const std::string directory = fmt::format("{}/versions/{}", path, number);
  if (number != 0) {
    Result<VersionInfo> info = describe_version_files(directory, number);
    if (info) return Described{.info = *std::move(info), .damage = {}};
  }
  Result<Described> described = StoreReader::describe(name);
  if (described && !described->damage && number != 0) described->damage = find_denied(directory);
  return described;
}

VersionNumber FileReader::current_version(const std::string& name) const noexcept {
  try {
    const VersionNumber number =
        check_entry_name(name) ? read_pointer(certificate_path(name)).number : 0;
    // Those who follow the store call this when a certificate was forgotten.
    if (number == 0) recent_.drop(name);
    return number;
  } catch (...) {
    return 0;  // out of memory: asked again at the next look
  }
}

std::uint64_t FileReader::version_stamp(const std::string& name) const noexcept {
  try {
    return check_entry_name(name) ? stamp_version_files(certificate_path(name) + "/current") : 0;
  } catch (...) {
    return 0;  // out of memory: asked again at the next look
  }
}

std::uint64_t FileReader::response_stamp(const std::string& name) const noexcept {
  try {
    return check_entry_name(name) ? stamp_response(certificate_path(name) + "/current") : 0;
  } catch (...) {
    return 0;  // out of memory: asked again at the next look
  }
}

Result<std::vector<VersionInfo>> FileReader::history(const std::string& name) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  const std::string path = certificate_path(name);
  Result<std::vector<VersionNumber>> numbers = newest_first(path);
  if (!numbers) return pass(std::move(numbers));
  std::vector<VersionInfo> infos;
  for (const VersionNumber number : *numbers) {
    Result<StoredCertificate> version = read_version(path, number);
    if (version) infos.push_back(std::move(version->info));
  }
  return infos;
}

std::vector<VersionNumber> FileReader::versions(const std::string& name) const {
  if (!check_entry_name(name)) return {};
  return newest_first(certificate_path(name)).value_or(std::vector<VersionNumber>());
}

Result<StoredCertificate> FileReader::load_version(const std::string& name,
                                                   VersionNumber version) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  return read_version(certificate_path(name), version);
}

Result<StoreReader::Glance> FileReader::glance(const std::string& name,
                                               VersionNumber version) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  return glance_at_version_files(fmt::format("{}/versions/{}", certificate_path(name), version),
                                 version);
}

Result<std::vector<std::string>> FileReader::names() const {
  Result<std::vector<std::string>> names =
      list_subdirectories(state_path_ + "/certificates", Links::nowhere);
  if (names) std::erase_if(*names, [](const auto& name) { return !check_entry_name(name); });
  return names;
}

Result<std::string> FileReader::records_path(std::string_view name, std::string_view kind) const {
  Result<void> checked = check_entry_name(kind);
  if (checked && name != kStoreWide) checked = check_entry_name(name);
  if (!checked) return pass(std::move(checked));
  if (name == kStoreWide) return state_path_ + "/records";
  return certificate_path(std::string(name)) + "/records";
}

Result<std::optional<StoredRecord>> FileReader::read_record(std::string_view name,
                                                            std::string_view kind) const {
  Result<std::string> directory = records_path(name, kind);
  if (!directory) return pass(std::move(directory));
  return read_record_file(*directory, kind);
}

Changes FileReader::changes_since(const Revision& before) const {
  return journal_.since(before);
}

Result<EventPage> FileReader::events_since(const EventMark& mark) const {
  return read_event_page(state_path_, mark);
}

Result<FileDescriptor> FileReader::watch() const {
  if (is_deadly(try_inotify)) {
    return fail(ErrorKind::internal, "inotify_init1: the system kills a process that calls it");
  }
  FileDescriptor notifications(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // IN_ATTRIB, because Journal appends to a file.
  if (notifications && inotify_add_watch(notifications.get(), state_path_.c_str(),
                                         IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF) >= 0) {
    return notifications;
  }
  return fail(system_error("inotify", errno));
}

std::unique_ptr<FileWatch> FileReader::watch_files(std::vector<std::string> names) const {
  return FolderWatch::make(*this, std::move(names));
}

std::string FileReader::directory_of(const std::string& name) const {
  return fmt::format("{}/certificates/{}/current/", place_, name);
}

std::vector<std::string> FileReader::strays() const {
  std::vector<std::string> strays;
  const std::string directory = place_ + "/certificates";
  for (const std::string& name : list_directory(directory).value_or(std::vector<std::string>())) {
    std::string path = fmt::format("{}/{}", directory, name);
    struct stat facts {};
    const bool is_there = lstat(path.c_str(), &facts) == 0;
    if (is_there && !S_ISDIR(facts.st_mode)) strays.push_back(std::move(path));
  }
  return strays;
}

std::vector<StoreReader::Damage> FileReader::damaged_records(const std::string& name) const {
  std::vector<Damage> damages;
  if (name != kStoreWide && !check_entry_name(name)) return damages;
  const std::string directory = name == kStoreWide
                                    ? place_ + "/records"
                                    : fmt::format("{}/certificates/{}/records", place_, name);
  for (const std::string& kind : list_directory(directory).value_or(std::vector<std::string>())) {
    if (kind.find(kTemporaryMark) != std::string::npos) continue;
    Result<std::optional<StoredRecord>> record = read_record_file(directory, kind);
    if (!record) {
      damages.push_back({fmt::format("{}/{}", directory, kind), std::move(record).error()});
    }
  }
  return damages;
}

}  // namespace ccm::store
