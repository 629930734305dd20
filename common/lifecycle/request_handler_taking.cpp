// SPDX-License-Identifier: Apache-2.0
// The part of the handler that takes requests out of the inbox.
#include <set>
#include <utility>

#include "lifecycle/request_handler.h"
#include "store/answer.h"

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

// Removed before it is served, because a request that kills the agent must not do so after every
// start. Not served unless it was removed, because a later leader would serve it again, perhaps
// long after the operator has given up.
bool RequestHandler::takes(const store::Ticket& ticket, const Result<store::Request>& request,
                           const std::optional<std::string>& note) {
  const Result<void> taken = parts_.store.inbox().take(parts_.lease, ticket, note);
  if (taken || taken.error().kind() == ErrorKind::rejected) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(ticket.id);
    return taken.has_value();
  }
  has_to_wait(ticket, request, taken.error());
  return false;
}

// Removed from the inbox, it would be forgotten if this agent ended before the answer.
bool RequestHandler::notes_begun(const store::Ticket& ticket,
                                 const Result<store::Request>& request) {
  const Result<void> noted = store::note_begun(parts_.store, parts_.lease, ticket);
  if (noted) return true;
  // What makes room must not wait for room.
  if (request && request->wish == store::Wish::forget) return true;
  has_to_wait(ticket, request, noted.error());
  return false;
}

void RequestHandler::has_to_wait(const store::Ticket& ticket, const Result<store::Request>& request,
                                 const Error& problem) {
  const std::lock_guard lock(mutex_);
  const bool is_new = !waiting_.contains(ticket.id);
  waiting_[ticket.id] = {.name = ticket.name,
                         .request = request ? std::optional(*request) : std::nullopt,
                         .again = parts_.clock.steady_now() + kBetweenTakes};
  if (is_new) {
    parts_.log.warn("certificate \"{}\": what ccmctl asks for has to wait: {}", ticket.name,
                    problem.message());
  }
}

// If this fails, the next leader answers a request for which nobody waits.
void RequestHandler::leave_alone(const store::Ticket& ticket) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.contains(ticket.id)) return;
  }
  static_cast<void>(store::drop_begun(parts_.store, parts_.lease, ticket.id));
}

// It is not known how far it came, and to do it once more may be wrong by now.
void RequestHandler::answer_cut_short() {
  for (const store::Ticket& ticket : store::find_begun(parts_.store)) {
    if (parts_.store.inbox().is_waiting(ticket)) continue;
    const Error error(ErrorKind::transient,
                      "the agent that had begun it ended before it was finished, so it may be done "
                      "or not: look, and ask again if it is not");
    parts_.log.error("certificate \"{}\": asked for by ccmctl: {}", ticket.name, error.message());
    answer(ticket, {.version = parts_.store.current_version(ticket.name), .error = error});
  }
}

}  // namespace ccm::lifecycle
