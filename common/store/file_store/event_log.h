// SPDX-License-Identifier: Apache-2.0
// The log of events of a file store: numbered files; writers append to the highest one.
//
//   events-00000041   full: about 2 MiB
//   events-00000042   one event a line
//
// Every process that may write to the store appends a line with one write(), so the lines of
// several agents do not mix and kill -9 leaves all of a line or nothing. A power cut or a full disk
// may leave a part of a line: the next writer begins a new line, and readers skip lines that are no
// events. What this cannot promise: a follower misses a line that a writer adds to a full file
// after the follower has gone on to the next file. The line is in the log all the same.
//
// Any process, any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kEventsPrefix = "events-";
inline constexpr std::size_t kFullEventFile = std::size_t{2} << 20U;
inline constexpr std::size_t kMostEventFiles = 8;

class EventLog {
 public:
  explicit EventLog(std::string state_path) : state_path_(std::move(state_path)) {}

  // `transient` when the disk is full.
  Result<void> append(std::string_view line);

 private:
  struct Newest;
  Result<Newest> find_newest();

  std::string state_path_;
  // The highest file, so that not every line costs a look through the directory; 0: not known yet.
  // No process begins another file before this one is full.
  std::atomic<std::uint64_t> known_ = 0;
};

// Events of one file at most, so that nobody needs memory for all of them.
Result<EventPage> read_event_page(const std::string& state_path, const EventMark& mark);

}  // namespace ccm::store
