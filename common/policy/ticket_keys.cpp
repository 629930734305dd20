// SPDX-License-Identifier: Apache-2.0
#include "policy/ticket_keys.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "crypto/digest.h"

namespace ccm::policy {

Result<TicketKey> make_ticket_key(Time from) {
  Result<Secret> name = crypto::random_bytes(kTicketKeyNameSize);
  if (!name) return pass(std::move(name));
  Result<Secret> secret = crypto::random_bytes(kTicketMacKeySize + kTicketCipherKeySize);
  if (!secret) return pass(std::move(secret));
  TicketKey key{.secret = *std::move(secret), .from = from};
  std::copy_n(name->bytes().begin(), key.name.size(), key.name.begin());
  return key;
}

const TicketKey* sealing_key(std::span<const TicketKey> keys, Time now) noexcept {
  const TicketKey* newest = nullptr;
  for (const TicketKey& key : keys) {
    const bool seals = key.from <= now && now < key.from + kLongestSealing;
    if (seals && (newest == nullptr || key.from >= newest->from)) newest = &key;
  }
  return newest;
}

const TicketKey* opening_key(std::span<const TicketKey> keys, std::string_view name,
                             Time now) noexcept {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const TicketKey& key) {
    return name.size() == key.name.size() &&
           std::memcmp(name.data(), key.name.data(), name.size()) == 0;
  });
  return found == keys.end() || now >= found->from + kTicketLife ? nullptr : &*found;
}

bool is_needed(const TicketKey& key, Time now) noexcept {
  return now < key.from + kTicketLife && key.from <= now + kLongestSealing;
}

TicketPlan plan_ticket_keys(std::span<const TicketKey> keys, Time now) {
  TicketPlan plan;
  std::optional<Time> newest;
  plan.next_look = Time::max();
  for (const TicketKey& key : keys) {
    if (!is_needed(key, now)) {
      plan.drops = true;
      continue;
    }
    newest = std::max(newest.value_or(key.from), key.from);
    plan.next_look = std::min(plan.next_look, key.from + kTicketLife);
  }
  if (!newest) {
    plan.make = now + kFirstWait;
  } else if (*newest <= now) {
    plan.make = std::max(*newest + kTicketPeriod, now + kLateWait);
  }
  plan.next_look = std::min(plan.next_look, plan.make.value_or(newest.value_or(now)));
  return plan;
}

}  // namespace ccm::policy
