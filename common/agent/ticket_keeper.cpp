// SPDX-License-Identifier: Apache-2.0
#include "agent/ticket_keeper.h"

#include <algorithm>
#include <utility>

#include "store/ticket_record.h"

namespace ccm::agent {
namespace {

// When to try again after the store could not be read or written.
constexpr Seconds kTryTicketKeysAgain{60};

}  // namespace

void TicketKeeper::look(Time now) {
  const Result<void> kept = keep(now);
  if (kept) {
    complaint_.clear();
    return;
  }
  next_ = now + kTryTicketKeysAgain;
  // Another host was faster.
  if (kept.error().kind() == ErrorKind::transient) next_ = now + kBetweenWrites;
  const std::string& problem = kept.error().message();
  if (std::exchange(complaint_, problem) == problem) return;
  if (kept.error().kind() == ErrorKind::transient) {
    log_.info("ticket keys: {}", problem);
  } else {
    log_.error("ticket keys are not renewed: {}", problem);
  }
}

Result<void> TicketKeeper::keep(Time now) {
  Result<store::StoredTicketKeys> stored = store::read_ticket_keys(store_);
  // A damaged record is replaced.
  if (!stored && stored.error().kind() != ErrorKind::invalid) return fail(stored.error());
  if (!stored) stored = store::StoredTicketKeys{};
  policy::TicketPlan plan = policy::plan_ticket_keys(stored->keys, now);
  if (wanted_ == config::TicketKeys::own) {
    plan.make.reset();
    if (stored->keys.empty()) plan.next_look = Time::max();
  }
  next_ = plan.next_look;
  if (!plan.make && !plan.drops) return {};
  // The clock may have been set back since.
  const bool is_too_soon = last_write_ <= now && now - last_write_ < kBetweenWrites;
  if (is_too_soon) {
    next_ = last_write_ + kBetweenWrites;
    return {};
  }
  policy::TicketKeys keys = std::move(stored->keys);
  std::erase_if(keys, [now](const auto& key) { return !policy::is_needed(key, now); });
  if (plan.make) {
    Result<policy::TicketKey> fresh = policy::make_ticket_key(*plan.make);
    if (!fresh) return pass(std::move(fresh));
    keys.push_back(*std::move(fresh));
  }
  last_write_ = now;
  if (auto written = store::write_ticket_keys(store_, lease_, keys, stored->version); !written) {
    return written;
  }
  if (plan.make) {
    log_.info("a new ticket key was made, for use from {}; {} are kept", format_time(*plan.make),
              keys.size());
  }
  return {};
}

}  // namespace ccm::agent
