// The engine: keeps every configured certificate valid. Decides under a lock, acts outside it: the
// agent's main thread asks what is due, its worker threads run the attempts, which may take as long as
// the cloud takes. Used only while holding the store's lease.
//
// Thread-safe. Borrows what it is made of.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/source.h"
#include "lifecycle/state.h"
#include "lifecycle/store.h"

namespace ccm::lifecycle {

class Lifecycle {
 public:
  struct Parts {
    const config::Config& config;
    Store& store;
    Source& scm;
    Source& pca;
    const Clock& clock;
    Log& log;
    std::string launch_id;
  };
  explicit Lifecycle(Parts parts);

  // Reads the persisted states: call once after becoming leader. A state that was reached with other
  // settings, or (unless it is an unauthorized one) by an earlier configuration load, starts afresh.
  void start(const Lease& lease);

  // Certificates that are due now and not in work, marked as in work; at most `limit`.
  std::vector<std::string> take_due(Time now, std::size_t limit);
  // One attempt for a name that take_due gave: obtain, gate, install, new state, log. Any thread.
  void attempt(const std::string& name, const Lease& lease) noexcept;
  // The minimum over all states that are not in work; Time::max() when there is none.
  Time next_wake() const;

 private:
  struct Entry {
    const config::CertificateSpec* spec;
    State state;
    std::uint64_t record_version = 0;
    bool in_work = false;
  };

  Parts parts_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace ccm::lifecycle
