// SPDX-License-Identifier: Apache-2.0
// Counts the agent's calls by operation, result and duration, and keeps what the cloud said about
// the credentials. Belongs to the agent; the engine's threads write, the main thread passes the
// counts to the server (status_board.h). Thread-safe.
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

  // Notes a call that ended at `now`, with or without an answer.
  void note(std::string_view operation, Outcome outcome, std::chrono::milliseconds took, Time now);
  void note_identity(publication::Identity identity);
  struct State {
    std::vector<publication::CallStatus> calls;
    publication::Identity identity = publication::Identity::unknown;
    Time seen{};    // the cloud's last answer
    Time missed{};  // the last call to the cloud without an answer
  };
  // Takes over what an earlier agent of this server has counted and seen. Leaves out what that
  // agent knew of the credentials, because they may have changed. To be called before the first
  // note().
  void resume(State before);
  State state() const;
  // A number that changes whenever the state changes.
  std::uint64_t revision() const;

 private:
  publication::CallStatus& row_of(std::string_view operation);

  mutable std::mutex mutex_;
  State state_;
  std::uint64_t revision_ = 1;
};

// A client that passes requests to `client` and counts them.
std::unique_ptr<cloud::HttpClient> make_counting_client(std::unique_ptr<cloud::HttpClient> client,
                                                        const Clock& clock, CallLedger& ledger);
// A guard that passes questions to `guard` and notes what the cloud says about the credentials.
std::unique_ptr<cloud::LockoutGuard> make_noting_guard(std::unique_ptr<cloud::LockoutGuard> guard,
                                                       CallLedger& ledger);

}  // namespace ccm::agent
