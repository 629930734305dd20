// SPDX-License-Identifier: Apache-2.0
// The signs of life of a server's workers: memory of its own beside the segment, because workers
// can only read that. Made by the server's master, which keeps it as long as it lives, so that
// workers of an earlier configuration are in it too; each worker writes into a row of its own; any
// worker and the agent read.
//
//   Header | kRows × Row
//
// A worker holds a lock of the kernel (F_SETLK) on the byte of its row's number, which no dead
// process can hold. So a number of a dead worker that the system gives to another process misleads
// nobody. The lock ends when the worker closes the file, so the object of a worker stays.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/silent_workers.h"

namespace ccm::publication {

class WorkerBeats {
 public:
  // How often a worker calls beat().
  static constexpr Seconds kBeat{2};
  // A server with more workers knows nothing about some of them.
  static constexpr std::uint32_t kRows = 1024;

  // Close-on-exec. `last_resort`: as in base/memory_file.h.
  static Result<FileDescriptor> create(const std::string& last_resort = {});
  // Uses a descriptor of its own. `invalid` when it is no memory of this release; /dev/null is none
  // either.
  static Result<WorkerBeats> open(int file);

  WorkerBeats(WorkerBeats&& other) noexcept;
  WorkerBeats& operator=(WorkerBeats&& other) noexcept;
  ~WorkerBeats();

  // Called in a worker, by one thread: gives a sign of life. The first call takes a row. Costs a
  // few nanoseconds and no lock.
  void beat(SteadyTime now) noexcept;
  // The workers that live and have given no sign for this long, except the caller. Asks the kernel
  // once for each of them.
  std::vector<WorkerSign> workers(SteadyTime now, Seconds silence = Seconds(0)) const;

 private:
  struct Header;
  struct Row;
  WorkerBeats(FileDescriptor file, std::byte* base) noexcept;
  Header& header() const noexcept;
  Row& row(std::uint32_t index) const noexcept;
  void take(SteadyTime now) noexcept;
  bool is_held_by(std::uint32_t index, pid_t worker) const noexcept;

  FileDescriptor file_;
  std::byte* base_ = nullptr;
  Row* row_ = nullptr;  // this worker's
  pid_t owner_ = 0;     // the process that owns the row; another one after a fork
};

}  // namespace ccm::publication
