// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/folder_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <utility>

#include "base/file.h"
#include "base/trial.h"

namespace ccm::store {
namespace {

constexpr std::uint32_t kFolders = IN_ONLYDIR | IN_DONT_FOLLOW;
constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

void try_to_watch() {
  static_cast<void>(inotify_init1(IN_CLOEXEC));
}

// There is no room for another watch, or the call is not allowed.
bool is_refused_to_all(int error_number) noexcept {
  return error_number == ENOSPC || error_number == ENOMEM || error_number == EPERM ||
         error_number == ENOSYS;
}

Error problem_of(int error_number) {
  return system_error("watching the files of the certificates (inotify)", error_number);
}

}  // namespace

std::unique_ptr<FileWatch> FolderWatch::make(const FileReader& store,
                                             std::vector<std::string> names) {
  if (is_deadly(try_to_watch)) {
    return std::make_unique<NoFileWatch>(names.size(), problem_of(EPERM));
  }
  FileDescriptor notifications(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notifications) return std::make_unique<NoFileWatch>(names.size(), problem_of(errno));
  std::unique_ptr<FolderWatch> made(
      new FolderWatch(store, std::move(notifications), std::move(names)));
  made->watch_all();
  return made;
}

FolderWatch::FolderWatch(const FileReader& store, FileDescriptor notifications,
                         std::vector<std::string> names)
    : store_(store), notifications_(std::move(notifications)) {
  watched_.reserve(names.size());
  for (std::string& name : names) watched_.push_back({.name = std::move(name)});
  for (std::size_t which = 0; which < watched_.size(); ++which) {
    places_.emplace(watched_[which].name, which);
  }
  leave_all();
}

std::vector<std::size_t> FolderWatch::touched() {
  std::set<std::size_t> touched;
  // A watch that is refused again sets the problem again.
  problem_.reset();
  is_full_ = false;
  const bool had_folder = certificates_ != kNone;
  const bool is_told = read_events(touched) && had_folder;
  if (!is_told) {
    watch_all();
    if (certificates_ == kNone && !had_folder) return {};
    std::vector<std::size_t> all(watched_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }
  for (const std::size_t which : touched) watch(which);
  watch_the_rest(touched);
  return {touched.begin(), touched.end()};
}

// An agent that has ended, or a higher limit, may have made room. A folder that is refused for a
// reason of its own does not keep the others unwatched.
void FolderWatch::watch_the_rest(std::set<std::size_t>& touched) {
  const std::vector<std::size_t> unwatched = unwatched_;
  for (const std::size_t which : unwatched) {
    if (watch(which)) touched.insert(which);
    if (is_full_) return;
  }
}

void FolderWatch::watch_all() {
  const std::string path = store_.state_path() + "/certificates";
  const int placed = inotify_add_watch(notifications_.get(), path.c_str(), kFolders | kEvents);
  if (placed < 0 && errno != ENOENT) problem_ = problem_of(errno);
  if (placed != certificates_) drop(certificates_);
  certificates_ = placed;
  if (placed == kNone) return leave_all();
  for (std::size_t which = 0; which < watched_.size(); ++which) watch(which);
}

void FolderWatch::leave_all() {
  unwatched_.resize(watched_.size());
  std::iota(unwatched_.begin(), unwatched_.end(), std::size_t{0});
}

bool FolderWatch::watch(std::size_t which) {
  Watched& watched = watched_[which];
  Outcome outcome = place(watched.folder, store_.certificate_path(watched.name), which);
  if (outcome == Outcome::watched) {
    outcome = watch_version(which);
  } else {
    drop(watched.version);
  }
  mark(which, outcome != Outcome::refused);
  return outcome != Outcome::refused;
}

FolderWatch::Outcome FolderWatch::watch_version(std::size_t which) {
  Watched& watched = watched_[which];
  const std::string versions = store_.certificate_path(watched.name) + "/versions";
  const VersionNumber current = store_.current_version(watched.name);
  const Outcome outcome =
      current == 0 ? Outcome::absent
                   : place(watched.version, fmt::format("{}/{}", versions, current), which);
  return outcome == Outcome::absent ? place(watched.version, versions, which) : outcome;
}

FolderWatch::Outcome FolderWatch::place(int& watch, const std::string& path, std::size_t which) {
  const int placed = inotify_add_watch(notifications_.get(), path.c_str(), kFolders | kEvents);
  const int error_number = errno;
  if (placed != watch) drop(watch);
  if (placed < 0) {
    const bool is_absent =
        error_number == ENOENT || error_number == ENOTDIR || error_number == EACCES;
    if (is_absent) return Outcome::absent;
    problem_ = problem_of(error_number);
    is_full_ = is_refused_to_all(error_number);
    return Outcome::refused;
  }
  // Two names of one folder, as with a bind mount, share a watch.
  if (owners_.try_emplace(placed, which).first->second != which) return Outcome::refused;
  watch = placed;
  return Outcome::watched;
}

void FolderWatch::drop(int& watch) {
  if (watch == kNone) return;
  inotify_rm_watch(notifications_.get(), watch);
  owners_.erase(std::exchange(watch, kNone));
}

void FolderWatch::mark(std::size_t which, bool is_watched) {
  const auto place = std::lower_bound(unwatched_.begin(), unwatched_.end(), which);
  const bool was_watched = place == unwatched_.end() || *place != which;
  if (is_watched == was_watched) return;
  if (is_watched) {
    unwatched_.erase(place);
  } else {
    unwatched_.insert(place, which);
  }
}

bool FolderWatch::read_events(std::set<std::size_t>& touched) {
  alignas(inotify_event) std::array<char, std::size_t{64} << 10U> buffer;
  bool is_told = true;
  for (;;) {
    const ssize_t size = read(notifications_.get(), buffer.data(), buffer.size());
    if (size <= 0) return is_told;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      // The kernel aligns its events.
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        is_told = false;
      } else if (event->wd == certificates_ && event->len == 0) {
        // The folder was moved, removed or locked.
        is_told = false;
      } else if (event->wd == certificates_) {
        if (const auto which = find(event->name)) touched.insert(*which);
      } else if (const auto owner = owners_.find(event->wd); owner != owners_.end()) {
        touched.insert(owner->second);
      }
    }
  }
}

std::optional<std::size_t> FolderWatch::find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ccm::store
