// SPDX-License-Identifier: Apache-2.0
// The ticket keys that the servers of a store share, as the threads of this process see them: what
// the agent has published. Attached in the master, asked in workers from inside OpenSSL's
// callbacks, by any thread. Keys are parsed once per generation and process.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "base/log.h"
#include "policy/ticket_keys.h"
#include "publication/reader.h"

namespace ccm::server {

class LiveTicketKeys {
 public:
  explicit LiveTicketKeys(Log& log) : log_(log) {}
  LiveTicketKeys(const LiveTicketKeys&) = delete;
  LiveTicketKeys& operator=(const LiveTicketKeys&) = delete;

  // Borrowed. Before there are threads.
  void attach(const publication::Reader& reader) noexcept { reader_ = &reader; }
  // The newest keys; nullptr or none when nothing was published. When they cannot be read, the keys
  // that were known before.
  std::shared_ptr<const policy::TicketKeys> newest();

 private:
  void take_newest(std::uint64_t generation);

  Log& log_;
  const publication::Reader* reader_ = nullptr;
  std::mutex mutex_;
  std::uint64_t looked_at_ = 0;
  std::shared_ptr<const policy::TicketKeys> keys_;
};

}  // namespace ccm::server
