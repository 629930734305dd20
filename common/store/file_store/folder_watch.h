// SPDX-License-Identifier: Apache-2.0
// Watches the files of certificates by inotify: for each certificate its folder, in which `current`
// is replaced, and the folder of the current version. Where one of them is not there or may not be
// read, the folder above tells when that ends:
//
//   certificates/               the folders of the certificates come and go
//   certificates/NAME/          `current` and `versions` do
//   certificates/NAME/versions/ watched while the current version is missing
//   certificates/NAME/versions/N/
//
// A watch is of a folder, not of its path, so whatever moves or replaces one is followed at the
// next look. Changes that inotify does not tell of are those of mapped memory, and those that
// another host makes on a network file system.
//
// Owned by the agent, used by its main thread. Each watch takes about a kilobyte of the kernel.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/handle.h"
#include "store/file_store/file_reader.h"
#include "store/file_watch.h"

namespace ccm::store {

class FolderWatch final : public FileWatch {
 public:
  // Never fails: a folder that the system does not let us watch stays unwatched.
  static std::unique_ptr<FileWatch> make(const FileReader& store, std::vector<std::string> names);

  std::vector<std::size_t> touched() override;
  const std::vector<std::size_t>& unwatched() const noexcept override { return unwatched_; }
  std::optional<Error> problem() const override { return problem_; }

 private:
  static constexpr int kNone = -1;
  // `absent`: not there or not readable; the folder above tells when that changes.
  enum class Outcome : std::uint8_t { watched, absent, refused };
  struct Watched {
    std::string name;
    int folder = kNone;
    int version = kNone;  // of the current version, or of `versions`
  };

  FolderWatch(const FileReader& store, FileDescriptor notifications,
              std::vector<std::string> names);

  void watch_all();
  void leave_all();
  void watch_the_rest(std::set<std::size_t>& touched);
  // False when it stays unwatched.
  bool watch(std::size_t which);
  Outcome watch_version(std::size_t which);
  // Moves a watch to the folder that has this path now.
  Outcome place(int& watch, const std::string& path, std::size_t which);
  void drop(int& watch);
  void mark(std::size_t which, bool is_watched);
  // False when any certificate may have been touched.
  bool read_events(std::set<std::size_t>& touched);
  std::optional<std::size_t> find(std::string_view name) const;

  const FileReader& store_;
  FileDescriptor notifications_;
  std::vector<Watched> watched_;                              // in the caller's order
  std::unordered_map<std::string_view, std::size_t> places_;  // by name
  std::unordered_map<int, std::size_t> owners_;               // of watches
  int certificates_ = kNone;
  std::vector<std::size_t> unwatched_;
  std::optional<Error> problem_;
  bool is_full_ = false;  // the system refuses further watches
};

}  // namespace ccm::store
