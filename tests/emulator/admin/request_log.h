// SPDX-License-Identifier: Apache-2.0
// The log of answered requests and its counters. Has its own lock, because answers are sent outside
// of the state's; not kept across restarts.
#pragma once

#include <deque>
#include <mutex>

#include "json.h"
#include "service/message.h"

namespace emulator {

class RequestLog {
 public:
  // Called right before the first byte of the answer is written. `status` 0: no answer was sent.
  void add(const LogEntry& entry, int status);

  // Entries with a number greater than `since`, oldest first: {"requests": [...], "last": n}.
  json requests(std::int64_t since) const;
  // {"total": n, "operations": {"scm.ListCertificates": {"total": n, "statuses": {"200": n}}}}.
  json counters() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::deque<json> entries_;
  json operations_ = json::object();
  std::int64_t last_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace emulator
