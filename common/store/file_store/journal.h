// SPDX-License-Identifier: Apache-2.0
// What changed last in a file store. Two files, because other programs watch the first:
//
//   revision   a number: written after every change of a current version and of what is to be
//              stapled, by older releases as well, which replace the file
//   changes    the names of the certificates that changed last, records included: a line is added
//              for each change, and now and then the file is written anew with the last ones
//
//     ccm-changes-2 FLOOR LIFE REVISION CHECK     tells of the changes after FLOOR
//     56 REVISION www CHECK                       each CHECK is of the line and of all before it
//     57 REVISION api CHECK
//
// Readers look at everything when `changes` is missing, cut short or altered, when an older release
// has written another `revision` since, and in another life: a new leader begins one, because the
// leader before may have been killed between a change and its line here. So damage costs time only.
//
// Any thread. Callers serialise writers; reading is for any process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/kept_file.h"
#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::size_t kMostJournalNames = 256;

enum class Changed : std::uint8_t { what_is_served, records };

// Keeps what was read, so that several followers of a store in one process read it once.
class Journal {
 public:
  explicit Journal(const std::string& state_path);
  ~Journal();

  Changes since(const Revision& before);
  // To be called after a change of the certificate. Wakes whoever watches the directory. If the
  // line cannot be written, because the disk is full, readers look at everything.
  void note(const std::string& name, Changed what);
  // To be called when anything may have changed.
  void note_new_life();

 private:
  struct Content;

  // The present content; nullptr when it cannot be relied on. With mutex_ held, like the next one.
  const Content* read();
  std::uint64_t read_revision();
  void write(const Content& content) const;
  bool append(const std::string& line) const;
  void write_revision(std::uint64_t revision) const;

  std::string changes_path_;
  std::string revision_path_;
  std::mutex mutex_;  // of what was read
  KeptFile changes_;
  KeptFile revision_;
  std::unique_ptr<Content> content_;
};

// The same for a caller that asks only once.
Changes read_changes(const std::string& state_path, const Revision& before);
void note_change(const std::string& state_path, const std::string& name, Changed what);
void note_new_life(const std::string& state_path);

}  // namespace ccm::store
