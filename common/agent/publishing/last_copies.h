// SPDX-License-Identifier: Apache-2.0
// Finds single entries in the leader's snapshot, for a certificate that the store has lost
// (lifecycle/attempt/last_copy.h). It keeps in mind where the entries stand, so that a look costs
// what was added to the file since the last one. It holds no keys.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "lifecycle/attempt/last_copy.h"
#include "publication/snapshot.h"

namespace ccm::agent {

class LastCopies {
 public:
  explicit LastCopies(std::string state_path) : state_path_(std::move(state_path)) {}

  // nullopt: there is no intact entry, or one of an earlier release, which says too little.
  std::optional<lifecycle::LastCopy> find(const std::string& name);
  // Whether find() has something to read. Cheaper.
  bool has(const std::string& name);

 private:
  struct Place {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  std::optional<publication::SnapshotEntry> read(const std::string& name);
  // Looks at what was added. False when there is no snapshot.
  bool follow();

  std::string state_path_;
  std::mutex mutex_;
  std::map<std::string, Place, std::less<>> places_;
  std::uint64_t file_ = 0;
  std::size_t end_ = 0;  // up to where the entries are known
};

}  // namespace ccm::agent
