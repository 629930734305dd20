// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/hook_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/hooks/hook_input.h"
#include "config/checks/hook_checks.h"
#include "config/sentences.h"

namespace ccm::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
using publication::HookCounts;

// The shortest time between two log lines about dropped jobs.
constexpr std::chrono::seconds kBetweenWords{10};
// How long the keepers have to end everything when the server is gone.
constexpr std::chrono::milliseconds kEndingPatience{500};

}  // namespace

std::string HookRunner::name_of(std::size_t hook) const {
  const config::Hook& row = parts_.hooks[hook];
  return row.origin.file.empty() ? row.command[0] : config::at(row.command[0], row.origin);
}

// hook /usr/local/bin/notify (installed, certificate "www")
std::string HookRunner::subject_of(const HookJob& job) const {
  const Event& event = *job.event;
  std::string about(kind_of(event.type).name);
  if (!event.certificate.empty()) about += fmt::format(", certificate \"{}\"", event.certificate);
  return fmt::format("hook {} ({})", parts_.hooks[job.hook].command[0], about);
}

void HookRunner::take(const EventMessage& message) {
  dropped_ += message.lost;
  count(HookCounts::left_out, message.lost);
  const auto event = std::make_shared<const Event>(message.event);
  const bool is_question = message.call != EventCall::tell;
  Question question{.left = 0, .answer = {.id = message.id, .results = {}}};
  for (std::size_t hook = 0; hook < parts_.hooks.size(); ++hook) {
    if (!parts_.hooks[hook].wants(event->type)) continue;
    const bool is_queued = queue_.add({hook, event, is_question ? message.id : 0});
    if (is_queued && is_question) ++question.left;
    if (!is_queued) count(HookCounts::left_out);
    if (!is_queued && is_question) {
      question.answer.results.push_back({.hook = name_of(hook),
                                         .outcome = "was not run, because too many wait already",
                                         .is_good = false,
                                         .output = {}});
    }
  }
  if (!is_question) return;
  if (question.left == 0) return answer(std::move(question.answer));
  questions_.insert_or_assign(message.id, std::move(question));
}

void HookRunner::look() {
  std::erase_if(runs_, [this](Run& run) {
    if (!look_at(run)) return false;
    queue_.ended(run.job.hook);
    return true;
  });
  while (auto job = queue_.take()) begin(*std::move(job));
  say_dropped();
  if (counts_.outcomes != HookCounts().outcomes) answer({});
}

void HookRunner::begin(HookJob job) {
  const config::Hook& hook = parts_.hooks[job.hook];
  const auto give_up = [&](const Error& error) {
    queue_.ended(job.hook);
    count(HookCounts::failed);
    parts_.say(Severity::error,
               fmt::format("{} was not run: {}", subject_of(job), error.message()));
    settle(job, {.hook = name_of(job.hook),
                 .outcome = fmt::format("was not run: {}", error.message()),
                 .is_good = false,
                 .output = {}});
  };
  if (const auto good = config::check_hook_program(hook.command[0]); !good) {
    return give_up(good.error());
  }
  const auto account = config::hook_account(hook);
  if (!account) return give_up(account.error());
  const HookOrder order{.command = hook.command,
                        .environment = hook_environment(*job.event, *account),
                        .input = hook_input(*job.event),
                        .account = *account,
                        .time_limit = hook.timeout};
  auto process = HookProcess::start(order, parts_.become_keeper);
  if (!process) return give_up(process.error());
  runs_.push_back({.job = std::move(job), .process = *std::move(process)});
}

// Whether the run is over.
bool HookRunner::look_at(Run& run) {
  HookNews news = run.process.look();
  const std::string subject = subject_of(run.job);
  for (std::string& line : news.lines) {
    if (line.empty()) continue;
    parts_.say(Severity::notice, fmt::format("{}: {}", subject, line));
    run.output += line + '\n';
    run.last_line = std::move(line);
  }
  if (news.end) {
    const HookNews::End& end = *news.end;
    parts_.say(end.is_good ? Severity::info : Severity::error,
               fmt::format("{} {}", subject, end.outcome));
    count(end.is_good   ? HookCounts::succeeded
          : end.is_late ? HookCounts::timed_out
                        : HookCounts::failed);
    std::string outcome = end.outcome;
    if (!end.is_good && !run.last_line.empty()) {
      outcome += fmt::format("; its last line: {}", config::in_quotes(run.last_line));
    }
    settle(run.job, {.hook = name_of(run.job.hook),
                     .outcome = std::move(outcome),
                     .is_good = end.is_good,
                     .output = std::exchange(run.output, {})});
  }
  if (news.is_over) run.process.finish(kEndingPatience);
  return news.is_over;
}

void HookRunner::settle(const HookJob& job, HookResult result) {
  const auto found = questions_.find(job.question);
  if (job.question == 0 || found == questions_.end()) return;
  found->second.answer.results.push_back(std::move(result));
  if (--found->second.left > 0) return;
  answer(std::move(found->second.answer));
  questions_.erase(found);
}

void HookRunner::answer(HookAnswer answer) {
  answer.counts = std::exchange(counts_, {});
  parts_.reply(answer);
}

void HookRunner::drop_questions() {
  queue_.drop_questions();
  questions_.clear();
  // The next agent counts from the beginning again.
  for (Run& run : runs_) run.job.question = 0;
}

void HookRunner::say_dropped() {
  dropped_ += queue_.take_dropped();
  const auto now = SteadyClock::now();
  if (dropped_ == 0 || now < next_word_) return;
  next_word_ = now + kBetweenWords;
  parts_.say(Severity::error,
             fmt::format("{} runs of hooks were left out, because {} wait already; `ccmctl events` "
                         "shows every event",
                         std::exchange(dropped_, 0), queue_.waiting()));
}

void HookRunner::stop() {
  const std::size_t unfinished = runs_.size() + queue_.waiting();
  if (unfinished > 0) {
    parts_.say(Severity::warn,
               fmt::format("the server has ended or loads its configuration anew: {} runs of hooks "
                           "do not come to their end; `ccmctl events` shows every event",
                           unfinished));
  }
  for (Run& run : runs_) run.process.cancel();
  for (Run& run : runs_) run.process.finish(kEndingPatience);
  runs_.clear();
}

void HookRunner::add_to(std::vector<pollfd>& waiting) const {
  for (const Run& run : runs_) waiting.push_back({run.process.descriptor(), POLLIN, 0});
}

}  // namespace ccm::agent
