// SPDX-License-Identifier: Apache-2.0
// Counts the agent's calls: by operation, what came of them and how long they took, and what the
// service said of the credentials. Belongs to the agent; the engine's threads write, the main
// thread carries it to the server (status_board.h). Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cloud/identity/session.h"
#include "cloud/transport/http_client.h"
#include "publication/status.h"

namespace ccm::agent {

class CallLedger {
 public:
  using Outcome = publication::CallStatus::Outcome;

  // An answer, or none, of an operation that took so long and ended at `now`.
  void note(std::string_view operation, Outcome outcome, std::chrono::milliseconds took, Time now);
  void note_identity(publication::Identity identity);
  // What an earlier agent of this server counted; before the first note().
  void resume(std::vector<publication::CallStatus> calls);

  struct State {
    std::vector<publication::CallStatus> calls;
    publication::Identity identity = publication::Identity::unknown;
    Time seen{};    // the cloud's last answer
    Time missed{};  // the last call of the cloud without one
  };
  State state() const;
  // Another number whenever the state is another.
  std::uint64_t revision() const;

 private:
  publication::CallStatus& row_of(std::string_view operation);

  mutable std::mutex mutex_;
  State state_;
  std::uint64_t revision_ = 1;
};

// A client that counts what goes through another one.
std::unique_ptr<cloud::HttpClient> make_counting_client(std::unique_ptr<cloud::HttpClient> client,
                                                        const Clock& clock, CallLedger& ledger);
// A guard that notes what is said of the credentials.
std::unique_ptr<cloud::LockoutGuard> make_noting_guard(std::unique_ptr<cloud::LockoutGuard> guard,
                                                       CallLedger& ledger);

}  // namespace ccm::agent
