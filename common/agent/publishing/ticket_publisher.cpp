// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/ticket_publisher.h"

#include <algorithm>
#include <utility>

#include "store/ticket_record.h"

namespace ccm::agent {

void TicketPublisher::refresh(publication::Writer& writer, Time now) {
  policy::TicketKeys keys;
  if (wanted_ == config::TicketKeys::fleet) {
    Result<store::StoredTicketKeys> stored = store::read_ticket_keys(store_);
    if (!stored) return complain(stored.error().message());
    keys = std::move(stored->keys);
    std::erase_if(keys, [now](const auto& key) { return !policy::is_needed(key, now); });
  }
  const Result<bool> published = writer.publish_ticket_keys(store::serialize_ticket_keys(keys));
  if (!published) return complain(published.error().message());
  complaint_.clear();
  if (std::exchange(has_some_, !keys.empty()) || keys.empty()) return;
  log_.info("session tickets are sealed with keys that all servers of the store share");
}

void TicketPublisher::complain(const std::string& problem) {
  if (std::exchange(complaint_, problem) == problem) return;
  log_.error("the ticket keys cannot be handed to the server, which goes on with those it has: {}",
             problem);
}

}  // namespace ccm::agent
