// SPDX-License-Identifier: Apache-2.0
#include "agent/watches.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/trial.h"

namespace ccm::agent {
namespace {

constexpr const char* kRemedy =
    "the agent looks at the state directory every second instead, and at the files of the "
    "certificates in turn; allow inotify to the server's unit, or raise "
    "fs.inotify.max_user_instances";

void try_eventfd() {
  static_cast<void>(eventfd(0, EFD_CLOEXEC));
}

FileDescriptor watch(const store::StoreReader& store, Log& log) {
  Result<FileDescriptor> watched = store.watch();
  if (watched) return *std::move(watched);
  log.warn("{}; {}", watched.error().message(), kRemedy);
  return {};
}

void drain(const FileDescriptor& descriptor) {
  std::array<char, 4096> ignored;
  while (descriptor && read(descriptor.get(), ignored.data(), ignored.size()) > 0) {
  }
}

}  // namespace

void Watches::empty() const {
  drain(store);
  drain(attempt);
}

Result<Watches> open_watches(const store::StoreReader& store, std::vector<std::string> names,
                             Log& log) {
  Watches watches;
  watches.store = watch(store, log);
  // The log already says why there are no notifications, so nothing is said about the files.
  watches.files = watches.store ? store.watch_files(std::move(names))
                                : std::make_unique<store::NoFileWatch>(names.size(), std::nullopt);
  if (!is_deadly(try_eventfd)) {
    watches.attempt = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }
  if (watches.attempt) return watches;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return fail(system_error("preparing to wait for attempts (eventfd, pipe2)", errno));
  }
  watches.attempt = FileDescriptor(ends[0]);
  watches.attempt_input = FileDescriptor(ends[1]);
  return watches;
}

}  // namespace ccm::agent
