// SPDX-License-Identifier: Apache-2.0
// Tells whose files somebody has touched. Changes that no Store has made are not among a store's
// changes (StoreReader::changes_since). StoreReader::watch_files() makes one for a list of
// certificates, and it names them by their positions in that list.
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

  // The certificates whose files may have been changed, removed, locked or put back since the last
  // call, or since the watch was made; in ascending order. All of them when the system has lost
  // count. The stamps (StoreReader::version_stamp) tell whether a file really changed.
  virtual std::vector<std::size_t> touched() = 0;
  // The certificates that touched() may miss, in ascending order. Whoever has to know looks at them
  // in turns.
  virtual const std::vector<std::size_t>& unwatched() const noexcept = 0;
  // Why the system does not watch those; nullopt: it was not asked to.
  virtual std::optional<Error> problem() const = 0;
};

// For a store that cannot watch.
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
