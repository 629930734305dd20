// SPDX-License-Identifier: Apache-2.0
#include "agent/cloud/call_ledger.h"

#include <algorithm>
#include <utility>

#include "publication/layout.h"

namespace ccm::agent {
namespace {

using publication::CallStatus;

// The row for calls without an operation, and for operations that find no free row.
constexpr std::string_view kOther = "other";
// OCSP responders are not the cloud and say nothing about its state.
constexpr std::string_view kResponder = "ocsp";

CallStatus::Outcome outcome_of(int status) {
  if (status / 100 == 2) return CallStatus::ok;
  if (status == 429) return CallStatus::throttled;
  if (status == 401 || status == 403) return CallStatus::denied;
  return status / 100 == 5 ? CallStatus::failed : CallStatus::refused;
}

class CountingClient final : public cloud::HttpClient {
 public:
  CountingClient(std::unique_ptr<cloud::HttpClient> client, const Clock& clock, CallLedger& ledger)
      : client_(std::move(client)), clock_(clock), ledger_(ledger) {}

  Result<cloud::HttpResponse> send(const cloud::HttpRequest& request) override {
    const SteadyTime begin = clock_.steady_now();
    auto answer = client_->send(request);
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - begin);
    ledger_.note(request.operation, answer ? outcome_of(answer->status) : CallStatus::unanswered,
                 took, clock_.now());
    return answer;
  }

 private:
  std::unique_ptr<cloud::HttpClient> client_;
  const Clock& clock_;
  CallLedger& ledger_;
};

class NotingGuard final : public cloud::LockoutGuard {
 public:
  NotingGuard(std::unique_ptr<cloud::LockoutGuard> guard, CallLedger& ledger)
      : guard_(std::move(guard)), ledger_(ledger) {}

  // No call is made: earlier refusals already tell that the credentials are refused.
  Result<void> may_try(std::string_view fingerprint) override {
    Result<void> may = guard_->may_try(fingerprint);
    if (!may) ledger_.note_identity(publication::Identity::refused);
    return may;
  }
  void refused(std::string_view fingerprint, std::string_view reason) override {
    ledger_.note_identity(publication::Identity::refused);
    guard_->refused(fingerprint, reason);
  }
  void accepted(std::string_view fingerprint) override {
    ledger_.note_identity(publication::Identity::accepted);
    guard_->accepted(fingerprint);
  }

 private:
  std::unique_ptr<cloud::LockoutGuard> guard_;
  CallLedger& ledger_;
};

}  // namespace

CallStatus& CallLedger::row_of(std::string_view operation) {
  auto& calls = state_.calls;
  const auto find = [&calls](std::string_view wanted) {
    return std::find_if(calls.begin(), calls.end(),
                        [wanted](const CallStatus& row) { return row.operation == wanted; });
  };
  if (const auto found = find(operation); found != calls.end()) return *found;
  // The last row is for all operations without a row of their own.
  const bool is_full = calls.size() + 1 >= publication::kCallNotes;
  const std::string_view name = operation.empty() || is_full ? kOther : operation;
  if (const auto found = find(name); found != calls.end()) return *found;
  calls.push_back({.operation = std::string(name)});
  return calls.back();
}

void CallLedger::note(std::string_view operation, Outcome outcome, std::chrono::milliseconds took,
                      Time now) {
  const std::lock_guard lock(mutex_);
  row_of(operation).add(outcome, took);
  if (operation != kResponder)
    (outcome == CallStatus::unanswered ? state_.missed : state_.seen) = now;
  ++revision_;
}

void CallLedger::note_identity(publication::Identity identity) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(state_.identity, identity) != identity) ++revision_;
}

void CallLedger::resume(State before) {
  const std::lock_guard lock(mutex_);
  before.identity = state_.identity;
  state_ = std::move(before);
  ++revision_;
}

CallLedger::State CallLedger::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::uint64_t CallLedger::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

std::unique_ptr<cloud::HttpClient> make_counting_client(std::unique_ptr<cloud::HttpClient> client,
                                                        const Clock& clock, CallLedger& ledger) {
  return std::make_unique<CountingClient>(std::move(client), clock, ledger);
}

std::unique_ptr<cloud::LockoutGuard> make_noting_guard(std::unique_ptr<cloud::LockoutGuard> guard,
                                                       CallLedger& ledger) {
  return std::make_unique<NotingGuard>(std::move(guard), ledger);
}

}  // namespace ccm::agent
