// SPDX-License-Identifier: Apache-2.0
#include "agent/event_stream.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/boundary.h"
#include "base/write_all.h"

namespace ccm::agent {
namespace {

// Messages on their way to the monitor, which takes them at once unless it was stopped.
constexpr std::size_t kMostOutgoing = 10'000;
// Longer than the time limits of all hooks that run one after the other. The attempt itself may
// take longer (service.cpp).
constexpr std::chrono::minutes kLongestQuestion{30};

}  // namespace

// What the threads share; they are never joined.
struct EventStream::State {
  State(int to, int from) : to_monitor(to), from_monitor(from) {}

  void send_all();
  void take_answers();

  const int to_monitor;
  const int from_monitor;
  std::mutex mutex;  // guards what follows
  std::condition_variable has_outgoing;
  std::condition_variable has_answer;
  std::deque<EventMessage> outgoing;
  std::uint32_t lost = 0;
  std::uint32_t last_id = 0;
  std::map<std::uint32_t, std::optional<HookAnswer>> questions;
  publication::HookCounts counts;
  bool is_over = false;  // the monitor is gone
};

void EventStream::State::send_all() {
  for (;;) {
    EventMessage message;
    {
      std::unique_lock lock(mutex);
      has_outgoing.wait(lock, [this] { return !outgoing.empty(); });
      message = std::move(outgoing.front());
      outgoing.pop_front();
      message.lost = std::exchange(lost, 0);
    }
    if (!write_all(to_monitor, encode(message))) return;
  }
}

void EventStream::State::take_answers() {
  FrameBuffer frames;
  std::array<char, 4096> buffer;
  bool makes_sense = true;
  while (makes_sense) {
    const ssize_t count = read(from_monitor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    frames.add({buffer.data(), static_cast<std::size_t>(count)});
    for (;;) {
      const auto payload = frames.next();
      makes_sense = payload.has_value();
      if (!payload || !*payload) break;
      auto answer = decode_answer(**payload);
      const std::lock_guard lock(mutex);
      if (answer) counts.add(answer->counts);
      const auto found = answer ? questions.find(answer->id) : questions.end();
      if (found == questions.end()) continue;
      found->second = *std::move(answer);
      has_answer.notify_all();
    }
  }
  const std::lock_guard lock(mutex);
  is_over = true;
  has_answer.notify_all();
}

EventStream::EventStream(const Parts& parts)
    : kept_(parts.store, parts.server, parts.clock, parts.log),
      config_(parts.config),
      state_(std::make_shared<State>(parts.to_monitor, parts.from_monitor)) {}

void EventStream::start() {
  std::thread([state = state_] { state->send_all(); }).detach();
  std::thread([state = state_] { state->take_answers(); }).detach();
}

publication::HookCounts EventStream::hook_counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

bool EventStream::has_hook(EventType type) const noexcept {
  const auto& hooks = config_.global().hooks;
  return std::any_of(hooks.begin(), hooks.end(),
                     [type](const config::Hook& hook) { return hook.wants(type); });
}

bool EventStream::send(EventMessage message) {
  const std::lock_guard lock(state_->mutex);
  if (state_->outgoing.size() >= kMostOutgoing) {
    ++state_->lost;
    return false;
  }
  state_->outgoing.push_back(std::move(message));
  state_->has_outgoing.notify_one();
  return true;
}

void EventStream::tell(Event event) noexcept {
  at_boundary(
      0, [](const char*) {},  // out of memory: the log would have no room for a line either
      [&] {
        Event kept = kept_.keep(std::move(event));
        const bool is_wanted = has_hook(kept.type);
        // Events that do not fit into the queue are counted.
        return is_wanted && send({.call = EventCall::tell, .event = std::move(kept)}) ? 1 : 0;
      });
}

Result<HookAnswer> EventStream::question(EventCall call, Event event) {
  std::uint32_t id = 0;
  {
    const std::lock_guard lock(state_->mutex);
    id = ++state_->last_id;
    state_->questions.emplace(id, std::nullopt);
  }
  const std::string name(kind_of(event.type).name);
  const bool is_sent = send({.call = call, .id = id, .event = std::move(event)});
  std::unique_lock lock(state_->mutex);
  const bool is_answered = is_sent && state_->has_answer.wait_for(lock, kLongestQuestion, [&] {
    return state_->is_over || state_->questions.at(id).has_value();
  });
  std::optional<HookAnswer> answer = std::move(state_->questions.at(id));
  state_->questions.erase(id);
  if (answer) return *std::move(answer);
  if (!is_sent) return fail(ErrorKind::transient, "the monitor, which runs the hooks, is too busy");
  return fail(ErrorKind::transient,
              is_answered
                  ? fmt::format("the monitor, which runs the hooks of \"{}\", is gone", name)
                  : fmt::format("the hooks of \"{}\" have not ended in {} minutes", name,
                                kLongestQuestion.count()));
}

Result<void> EventStream::ask(Event event) noexcept {
  Result<void> verdict;
  const auto on_failure = [&](const char* what) {
    verdict = fail(ErrorKind::transient, std::string("asking the hooks: ") + what);
  };
  at_boundary(0, on_failure, [&] {
    Event kept = kept_.keep(std::move(event));
    if (!has_hook(kept.type)) return 0;
    const std::string name(kind_of(kept.type).name);
    const Result<HookAnswer> answer = question(EventCall::ask, std::move(kept));
    if (!answer) {
      verdict = fail(answer.error());
      return 0;
    }
    if (answer->results.empty()) {
      verdict = fail(ErrorKind::transient, fmt::format("no hook of \"{}\" was run", name));
    }
    for (const HookResult& result : answer->results) {
      if (result.is_good) continue;
      verdict = fail(ErrorKind::transient,
                     fmt::format("the hook {} of \"{}\" {}", result.hook, name, result.outcome));
      break;
    }
    return 0;
  });
  return verdict;
}

Result<std::vector<HookResult>> EventStream::test(Event event) {
  if (!has_hook(event.type)) return std::vector<HookResult>();
  Result<HookAnswer> answer = question(EventCall::test, bounded(std::move(event)));
  if (!answer) return pass(std::move(answer));
  return std::move(answer->results);
}

}  // namespace ccm::agent
