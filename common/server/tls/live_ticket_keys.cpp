// SPDX-License-Identifier: Apache-2.0
#include "server/tls/live_ticket_keys.h"

#include <utility>

#include "store/ticket_record.h"

namespace ccm::server {

std::shared_ptr<const policy::TicketKeys> LiveTicketKeys::newest() {
  if (reader_ == nullptr) return nullptr;
  const std::uint64_t generation = reader_->ticket_keys_generation();
  const std::lock_guard lock(mutex_);
  if (generation != looked_at_) take_newest(generation);
  return keys_;
}

// With the lock held.
void LiveTicketKeys::take_newest(std::uint64_t generation) {
  const Result<Secret> text = reader_->ticket_keys();
  // The writer was faster, so the next handshake tries again.
  if (!text && text.error().kind() == ErrorKind::transient) return;
  looked_at_ = generation;
  auto keys =
      text ? store::parse_ticket_keys(*text) : Result<policy::TicketKeys>(fail(text.error()));
  if (!keys) {
    log_.error("the ticket keys that the agent has published cannot be read: {}",
               keys.error().message());
    return;
  }
  keys_ = std::make_shared<const policy::TicketKeys>(*std::move(keys));
}

}  // namespace ccm::server
