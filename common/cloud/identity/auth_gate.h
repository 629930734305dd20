// SPDX-License-Identifier: Apache-2.0
// Limits how many authenticated calls run at once, so that bad credentials reach the cloud hardly
// more than twice, however many threads use them (five refusals lock a key), and a service that
// does not answer delays no other.
//
// - Credentials that are new: one call to each service, two in all.
// - Credentials that were refused last: one call. The lock-out guard (session.h) lets only one more
//   pass.
// - Credentials that are known to be good: two calls that are younger than kPatience. A call that
//   hangs does not count any more, since its thread is the only thing it still takes. (A key that
//   is disabled at this moment may be refused once for each of these.) Two is also kind to
//   services that publish no limit (docs/design/auth.md, "Limits and lock-out").
//
// Owned by Session; thread-safe.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ccm::cloud {

class AuthGate {
 public:
  static constexpr Seconds kPatience{2};

  // The clock must outlive the gate.
  explicit AuthGate(const Clock& clock) : clock_(clock) {}

 private:
  struct Call {
    std::string service;
    SteadyTime since;
  };

 public:
  // A place in the gate; leaving is automatic.
  class Lane {
   public:
    Lane(AuthGate& gate, std::list<Call>::iterator call) : gate_(gate), call_(call) {}
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane() { gate_.leave(call_); }

   private:
    AuthGate& gate_;
    std::list<Call>::iterator call_;
  };

  // Waits for a place for a call to a service. `service`: any text that distinguishes it. A
  // fingerprint other than the last one starts as new.
  Lane enter(std::string_view fingerprint, std::string_view service);

  // The outcome of the call, reported inside the gate.
  void accepted();
  void refused();

 private:
  enum class Standing { unknown, refused, trusted };

  bool has_place_for(std::string_view service) const;
  void leave(std::list<Call>::iterator call);

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string fingerprint_;
  std::list<Call> inside_;
  Standing standing_ = Standing::unknown;
};

}  // namespace ccm::cloud
