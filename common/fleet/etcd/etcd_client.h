// SPDX-License-Identifier: Apache-2.0
// A client of etcd, version 3, through the JSON gateway that every member has. It knows several
// members and goes on to the next one when one does not answer in time. Whether a transaction whose
// answer was lost has happened is found out, not guessed. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cloud/transport/stream_client.h"
#include "fleet/etcd/etcd_messages.h"

namespace ccm::fleet {

struct EtcdOptions {
  // "https://host:port", of one or more members of the same etcd. http only to this very machine.
  std::vector<std::string> endpoints;
  std::optional<std::string> ca_pem = {};  // nullopt: the system's store
  std::string certificate_pem = {};        // empty: none is shown
  Secret key_pem = {};                     // of that certificate
  Secret user = {};                        // empty: no authentication
  Secret password = {};
  // What one member gets for one answer. A member without a leader hangs for longer. A call takes
  // three times as long at most, however many members there are.
  std::chrono::milliseconds patience{2000};
  // A watch that is silent for so long ends, whatever the reason. The next one is at the next
  // member if this one has not even said that it watches.
  std::chrono::milliseconds silence{15000};
  // While nothing comes, the member is asked so often whether it is alive.
  std::chrono::milliseconds quiet{2000};
};

class EtcdClient {
 public:
  // `invalid` or `rejected` when the options do not make sense. Connects to nothing yet.
  static Result<std::unique_ptr<EtcdClient>> make(EtcdOptions options);

  // As all members agree (linearisable). At most `limit` items, the first by key.
  Result<EtcdPage> range(const EtcdRange& range);
  // All items of a range, page by page, at one revision or a later one. Of large values fewer come
  // at once.
  Result<EtcdPage> read_all(const EtcdRange& range, std::size_t page_size = 500);

  // `transient` also means: perhaps it has happened.
  Result<EtcdOutcome> commit(const EtcdTransaction& transaction);

  // A lease ends by itself when nobody keeps it alive; keys that are put under it go with it.
  Result<EtcdLease> grant(std::chrono::seconds life);
  // How long it lives from now on. `rejected` when it is gone.
  Result<std::chrono::seconds> keep_alive(EtcdLease lease);
  Result<void> revoke(EtcdLease lease);

  // Hands over what happens in the range from `since` on, until the listener has enough (false),
  // `stop` (a descriptor) becomes readable, nothing comes for too long, or the member hangs. When
  // more has happened than one piece of news may hold, that says that it is canceled.
  // `transient` when the member is gone, or is cut off from the others: begin again, behind what
  // was heard last.
  using Listener = std::function<bool(const EtcdNews&)>;
  Result<void> watch(const EtcdRange& range, EtcdRevision since, const Listener& listener,
                     int stop);

  // Whether a call has just waited in vain, and none was answered since. Then whoever must not wait
  // long, and has more to ask, gives up instead of waiting again.
  bool is_silent() const;

  // Whether etcd has refused to write something because it is full, and has taken nothing since.
  bool is_full() const noexcept { return is_full_; }

  // By how much this machine's clock is ahead of that of the member that answered last, when it
  // answered; right within two seconds. nullopt: no answer said it.
  std::optional<Seconds> clock_ahead() const;
  // Asks a member for its time when no answer has told it for so long. Waits a second at most.
  void compare_clocks_after(std::chrono::seconds age);
  // By the clock of that member; while no answer said it, by this machine's.
  Time now() const;

 private:
  EtcdClient(EtcdOptions options, std::unique_ptr<cloud::StreamClient> http)
      : options_(std::move(options)), http_(std::move(http)) {}

  // What became of a call at one member after the other.
  struct Called {
    Result<cloud::JsonDocument> answer;
    bool is_in_doubt = false;  // a member got it and did not answer
  };
  Called call(std::string_view path, std::string_view body);
  void note_silence(bool was_answered, std::chrono::nanoseconds waited);
  Result<cloud::JsonDocument> call_member(std::size_t member, std::string_view path,
                                          std::string_view body);
  Result<cloud::HttpResponse> send(std::size_t member, std::string_view path,
                                   std::string_view body);
  Result<void> log_in(std::size_t member);
  bool is_alive(std::size_t member);
  // By the answer's date.
  void compare_clocks(const cloud::HttpResponse& response);
  void forget_log_in();
  cloud::HttpRequest request_to(std::size_t member, std::string_view path, std::string_view body);
  Failure failed_at(std::size_t member, Error error) const;

  const EtcdOptions options_;
  const std::unique_ptr<cloud::StreamClient> http_;
  std::atomic<std::size_t> preferred_{0};  // the member that answered last
  std::atomic<bool> is_full_{false};
  mutable std::mutex mutex_;
  std::string token_;                      // of the last log-in; empty: none
  std::optional<Seconds> clock_ahead_{};   // guarded by mutex_, as the token
  SteadyTime compared_{};                  // likewise
  std::optional<SteadyTime> silent_at_{};  // and as this
};

}  // namespace ccm::fleet
