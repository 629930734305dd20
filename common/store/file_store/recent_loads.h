// SPDX-License-Identifier: Apache-2.0
// The certificates that a process has loaded last, a few of them. Several parts of a process follow
// the store and load the same changed certificate one after the other. Any thread.
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

  // nullopt when it was not loaded lately, or has other traces since then.
  std::optional<StoredCertificate> find(const std::string& name, const Traces& traces);
  // `traces` were taken before the certificate was loaded.
  void note(const std::string& name, const Traces& traces, const StoredCertificate& loaded);
  // To be called when the certificate has gone, so that its private key goes as well.
  void drop(const std::string& name);

 private:
  struct Entry {
    std::string name;
    Traces traces;
    StoredCertificate loaded;
  };

  std::mutex mutex_;
  std::deque<Entry> entries_;  // the latest first
};

}  // namespace ccm::store
