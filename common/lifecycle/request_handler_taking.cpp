// SPDX-License-Identifier: Apache-2.0
// The part of the handler that takes requests out of the inbox.
#include <set>
#include <utility>

#include "lifecycle/request_handler.h"

namespace ccm::lifecycle {
namespace {

constexpr Seconds kBetweenTakes{1};

}  // namespace

std::vector<store::Ticket> RequestHandler::due_tickets() {
  const Result<std::vector<store::Ticket>> listed = parts_.store.inbox().list();
  if (!listed) return {};
  const SteadyTime now = parts_.clock.steady_now();
  const std::lock_guard lock(mutex_);
  std::set<std::string> known;
  std::vector<store::Ticket> due;
  for (const store::Ticket& ticket : *listed) {
    known.insert(ticket.id);
    const auto waiting = waiting_.find(ticket.id);
    if (waiting == waiting_.end() || waiting->second.again <= now) due.push_back(ticket);
  }
  for (const auto& [id, waiting] : waiting_) {
    if (!known.contains(id) && waiting.again <= now) due.push_back({id, waiting.name});
  }
  return due;
}

Result<store::Request> RequestHandler::read(const store::Ticket& ticket) const {
  Result<store::Request> request = parts_.store.inbox().read(ticket);
  if (request) return request;
  const std::lock_guard lock(mutex_);
  const auto waiting = waiting_.find(ticket.id);
  if (waiting == waiting_.end() || !waiting->second.request) return request;
  return *waiting->second.request;
}

// Removed before it is served: a request that kills the agent must not do so after every start.
// Not served unless it was removed: a leader that follows would serve it once more, perhaps long
// after the operator has given up.
bool RequestHandler::takes(const store::Ticket& ticket, const Result<store::Request>& request,
                           const std::optional<std::string>& note) {
  const Result<void> taken = parts_.store.inbox().take(parts_.lease, ticket, note);
  const std::lock_guard lock(mutex_);
  if (taken || taken.error().kind() == ErrorKind::rejected) {
    waiting_.erase(ticket.id);
    return taken.has_value();
  }
  const bool is_new = !waiting_.contains(ticket.id);
  waiting_[ticket.id] = {.name = ticket.name,
                         .request = request ? std::optional(*request) : std::nullopt,
                         .again = parts_.clock.steady_now() + kBetweenTakes};
  if (is_new) {
    parts_.log.warn("certificate \"{}\": what ccmctl asks for has to wait: {}", ticket.name,
                    taken.error().message());
  }
  return false;
}

}  // namespace ccm::lifecycle
