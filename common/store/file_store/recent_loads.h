// SPDX-License-Identifier: Apache-2.0
// The few certificates that a process has loaded last. Whoever follows the store loads what has
// changed, and several do so one after the other. Any thread.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "base/traces.h"
#include "store/store_reader.h"

namespace ccm::store {

class RecentLoads {
 public:
  static constexpr std::size_t kMost = 8;

  // nullopt when it was not loaded lately, or has left other traces since.
  std::optional<StoredCertificate> find(const std::string& name, const Traces& traces);
  // `traces` are older than what was loaded.
  void note(const std::string& name, const Traces& traces, const StoredCertificate& loaded);
  // It is gone, and so must be its private key.
  void drop(const std::string& name);

 private:
  struct Entry {
    std::string name;
    Traces traces;
    StoredCertificate loaded;
  };

  std::mutex mutex_;
  std::deque<Entry> entries_;  // the last one first
};

}  // namespace ccm::store
