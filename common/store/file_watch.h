// SPDX-License-Identifier: Apache-2.0
// Whose files somebody has touched: what others than a Store do to a store is none of its changes
// (StoreReader::changes_since). Made by StoreReader::watch_files() for a list of certificates,
// which it names by their places in that list.
//
// Belongs to one thread. Borrows the store.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/error.h"

namespace ccm::store {

class FileWatch {
 public:
  FileWatch() = default;
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  virtual ~FileWatch() = default;

  // Those that may have been changed, altered, removed, locked or put back since the last call, or
  // since the watch was made; in ascending order. All when the system has lost count. The stamps
  // (StoreReader::version_stamp) say whether one was.
  virtual std::vector<std::size_t> touched() = 0;
  // Those that touched() may miss, in ascending order: whoever must know looks at them in turn.
  virtual const std::vector<std::size_t>& unwatched() const noexcept = 0;
  // Why the system does not watch those; nullopt: it was not asked.
  virtual std::optional<Error> problem() const = 0;
};

// Of a store that cannot watch.
class NoFileWatch final : public FileWatch {
 public:
  NoFileWatch(std::size_t count, std::optional<Error> problem);

  std::vector<std::size_t> touched() override { return {}; }
  const std::vector<std::size_t>& unwatched() const noexcept override { return unwatched_; }
  std::optional<Error> problem() const override { return problem_; }

 private:
  std::vector<std::size_t> unwatched_;
  std::optional<Error> problem_;
};

}  // namespace ccm::store
