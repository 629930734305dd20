// SPDX-License-Identifier: Apache-2.0
#include "support/memory_inbox.h"

#include "store/entry_name.h"

namespace ccm::test {

Result<std::string> MemoryInbox::leave(const store::Request& request) {
  Result<void> checked = store::check_entry_name(request.name);
  if (!checked) return pass(std::move(checked));
  const std::lock_guard lock(mutex_);
  std::string id = std::to_string(++count_);
  id.insert(0, 16 - id.size(), '0');
  requests_.emplace_back(id, request);
  wake_();
  return id;
}

store::Withdrawal MemoryInbox::withdraw(const store::Ticket& ticket) noexcept {
  const std::lock_guard lock(mutex_);
  const bool was_there = std::erase_if(requests_, [&](const auto& each) {
                           return each.first == ticket.id && each.second.name == ticket.name;
                         }) != 0;
  return was_there ? store::Withdrawal::taken_back : store::Withdrawal::gone;
}

Result<void> MemoryInbox::take(const store::Lease&, const store::Ticket& ticket,
                               const std::optional<std::string>& note) {
  if (in_doubt_ == ticket.id) {
    in_doubt_.clear();
    return {};
  }
  if (!is_waiting(ticket)) return fail(ErrorKind::rejected, "the request is gone");
  withdraw(ticket);
  if (std::exchange(loses_answer_, false)) {
    in_doubt_ = ticket.id;
    return fail(ErrorKind::transient, "there was no answer");
  }
  return note ? grant(ticket.name, *note) : Result<void>();
}

bool MemoryInbox::is_waiting(const store::Ticket& ticket) const {
  return read(ticket).has_value();
}

Result<std::vector<store::Ticket>> MemoryInbox::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<store::Ticket> tickets;
  for (const auto& [id, request] : requests_) tickets.push_back({id, request.name});
  return tickets;
}

Result<store::Request> MemoryInbox::read(const store::Ticket& ticket) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, request] : requests_) {
    if (id == ticket.id && request.name == ticket.name) return request;
  }
  return fail(ErrorKind::rejected, "there is no such request");
}

std::vector<std::string> MemoryInbox::granted() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, note] : granted_) names.push_back(name);
  return names;
}

std::optional<std::string> MemoryInbox::granted(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = granted_.find(name);
  return found == granted_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> MemoryInbox::grant(const std::string& name, std::string_view note) {
  if (Result<void> checked = store::check_entry_name(name); !checked) return checked;
  const std::lock_guard lock(mutex_);
  granted_[name] = note;
  return {};
}

void MemoryInbox::drop_granted(const std::string& name) noexcept {
  const std::lock_guard lock(mutex_);
  granted_.erase(name);
}

}  // namespace ccm::test
