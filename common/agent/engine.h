// SPDX-License-Identifier: Apache-2.0
// Everything that talks to the cloud, put together: made when this agent has become the leader of
// the store. Attempts run on the engine's own threads; the main thread only hands them out, and is
// woken through a descriptor when one has ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/result.h"
#include "cloud/identity/credentials.h"
#include "cloud/transport/proxy_login.h"
#include "config/config.h"
#include "store/answer.h"
#include "store/store.h"

namespace ccm::agent {

// What has to be read before the agent gives up root.
struct CloudAccess {
  std::optional<cloud::Credentials> credentials;  // nullopt: from the ECS metadata service
  std::string ca_pem;                             // empty: the system's store
  cloud::SharedProxyLogin proxy_login = {};       // nullptr: the proxy wants none
};
// `invalid`/`rejected` with the file in the sentence. A credentials file that others may read is
// used with a warning.
Result<CloudAccess> read_cloud_access(const config::GlobalConfig& global, Log& log);

// Threads that an engine starts.
unsigned most_threads(const config::GlobalConfig& global) noexcept;

class Engine {
 public:
  struct Parts {
    const config::Config& config;
    std::string state_path;
    store::Store& store;
    std::unique_ptr<store::Lease> lease;
    const Clock& clock;
    Log& log;
    std::string launch_id;
    int wake_descriptor;  // an eventfd or a pipe, borrowed: written to when an attempt has ended
    Events& events = no_events();
    // lifecycle::RequestDesk::Parts
    std::function<void(Event event, store::Answer& end)> run_hooks = {};
  };
  static Result<std::unique_ptr<Engine>> start(Parts parts, CloudAccess access);

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // Serves what ccmctl asked for, then hands out what is due, as far as threads are free. Main
  // thread only.
  virtual void hand_out(Time now) = 0;
  // Nothing is under way.
  virtual bool is_idle() const = 0;
  // How long the oldest of what is under way has been so; 0 when nothing is.
  virtual Seconds longest_work(SteadyTime now) const = 0;
  // When hand_out is to be called again if nothing else happens.
  virtual Time next_wake() const = 0;

 protected:
  Engine() = default;
};

}  // namespace ccm::agent
