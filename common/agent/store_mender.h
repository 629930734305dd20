// SPDX-License-Identifier: Apache-2.0
// What a new leader does about certificates of which the store has something else than the leader
// before it knew (publishing/snapshot_keeper.h): a backup was restored, or the store has lost or
// damaged something. What is configured is looked at in the cloud at once, and its attempt puts
// back what is lost (lifecycle/attempt/attempt.h). What only a catalogue shows has no attempts, so
// it is put back here.
//
// One thread at a time. Borrows its parts.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/attempt/last_copy.h"
#include "lifecycle/lifecycle.h"
#include "store/store.h"

namespace ccm::agent {

class StoreMender {
 public:
  struct Parts {
    const config::Config& config;
    store::Store& store;
    const store::Lease& lease;
    lifecycle::Lifecycle& lifecycle;
    const Clock& clock;
    Log& log;
    Events& events;
    lifecycle::LastCopyOf last_copy_of;
  };
  explicit StoreMender(Parts parts) : parts_(std::move(parts)) {}

  // `known` is the version that the leader before knew.
  void look_at(const std::string& name, store::VersionNumber known);

 private:
  void look_at_configured(const std::string& name, store::VersionNumber known);
  void look_at_catalogued(const std::string& name, store::VersionNumber known);

  Parts parts_;
};

}  // namespace ccm::agent
