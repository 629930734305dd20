// SPDX-License-Identifier: Apache-2.0
// A client of etcd, version 3, through the JSON gateway that every member has. It knows several
// members and goes on to the next one when one does not answer in time. When the answer to a
// transaction is lost, it finds out whether the transaction has happened. Thread-safe.
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
  // "https://host:port", of one or more members of the same etcd. http only for this machine
  // itself.
  std::vector<std::string> endpoints;
  std::optional<std::string> ca_pem = {};  // nullopt: the system's store
  std::string certificate_pem = {};        // empty: none is shown
  Secret key_pem = {};                     // of that certificate
  Secret user = {};                        // empty: no authentication
  Secret password = {};
  // How long to wait for one answer of one member. A member without a leader hangs for longer. A
  // call takes at most three times as long, however many members there are.
  std::chrono::milliseconds patience{2000};
  // A watch ends, whatever the reason, when nothing comes for this time. The next watch is at the
  // next member if this one has not even confirmed it.
  std::chrono::milliseconds silence{15000};
  // While nothing comes, the member is asked this often whether it is alive.
  std::chrono::milliseconds quiet{2000};
};

class EtcdClient {
 public:
  // `invalid` or `rejected` when the options make no sense. Does not connect yet.
  static Result<std::unique_ptr<EtcdClient>> make(EtcdOptions options);

  // What all members agree on (linearisable). At most `limit` items, in the order of their keys.
  Result<EtcdPage> range(const EtcdRange& range);
  // All items of a range, page by page, at one revision or a later one. Pages of large values are
  // smaller.
  Result<EtcdPage> read_all(const EtcdRange& range, std::size_t page_size = 500);

  // `transient` may also mean that it has happened.
  Result<EtcdOutcome> commit(const EtcdTransaction& transaction);

  // A lease ends by itself when nobody keeps it alive, and keys that were put under it go with it.
  Result<EtcdLease> grant(std::chrono::seconds life);
  // Returns how long the lease lives from now on. `rejected` when it is gone.
  Result<std::chrono::seconds> keep_alive(EtcdLease lease);
  Result<void> revoke(EtcdLease lease);

  // Hands over what happens in the range from `since` on, until the listener returns false, `stop`
  // (a descriptor) becomes readable, nothing comes for too long, or the member hangs. When one
  // piece of news would be too large, the news says instead that the watch was canceled.
  // `transient` when the member is gone or cut off from the others: watch again, after the last
  // news.
  using Listener = std::function<bool(const EtcdNews&)>;
  Result<void> watch(const EtcdRange& range, EtcdRevision since, const Listener& listener,
                     int stop);

  // Whether a call has just waited in vain and none was answered since. A caller that must not wait
  // long and has more to ask then gives up.
  bool is_silent() const;

  // Whether etcd has refused to write something because it is full, and has taken nothing since.
  bool is_full() const noexcept { return is_full_; }

  // By how much this machine's clock is ahead of that of the member that answered last, when it
  // answered; right within two seconds. nullopt: no answer said it.
  std::optional<Seconds> clock_ahead() const;
  // Asks a member for its time when no answer has told it for `age`. Waits a second at most.
  void compare_clocks_after(std::chrono::seconds age);
  // The time by that member's clock, or by this machine's while no answer has told.
  Time now() const;

 private:
  EtcdClient(EtcdOptions options, std::unique_ptr<cloud::StreamClient> http)
      : options_(std::move(options)), http_(std::move(http)) {}

  // The result of a call that was tried at one member after the other.
  struct Called {
    Result<cloud::JsonDocument> answer;
    bool is_in_doubt = false;  // a member may have done it and has not answered
  };
  Called call(std::string_view path, std::string_view body);
  void note_silence(bool was_answered, std::chrono::nanoseconds waited);
  Result<cloud::JsonDocument> call_member(std::size_t member, std::string_view path,
                                          std::string_view body);
  Result<cloud::HttpResponse> send(std::size_t member, std::string_view path,
                                   std::string_view body);
  Result<void> log_in(std::size_t member);
  bool is_alive(std::size_t member);
  // Uses the date of the answer.
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
  SteadyTime compared_{};                  // guarded by mutex_, too
  std::optional<SteadyTime> silent_at_{};  // guarded by mutex_, too
};

}  // namespace ccm::fleet
