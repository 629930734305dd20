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
// Free functions; any process, any thread.
#pragma once

#include <string>
#include <string_view>

#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kEventsPrefix = "events-";
inline constexpr std::size_t kFullEventFile = std::size_t{2} << 20U;
inline constexpr std::size_t kMostEventFiles = 8;

// `transient` when the disk is full.
Result<void> append_event_line(const std::string& state_path, std::string_view line);
// Events of one file at most, so that nobody needs memory for all of them.
Result<EventPage> read_event_page(const std::string& state_path, const EventMark& mark);

}  // namespace ccm::store
