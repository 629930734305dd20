// SPDX-License-Identifier: Apache-2.0
// Keeps the snapshot beside the store (publication/snapshot.h) true, for the next start of any
// server of this host: all that its leader looks after and, where a
// server has a catalogue, everything in the store. A change is added at its end; now and then,
// and when a certificate is gone, all of it is written anew.
//
// Only the leader has one. It works on a thread of its own, so that it holds up nobody; whoever
// hears of a change says so from any thread. Borrows what it is made of.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/crew.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "publication/snapshot.h"
#include "store/store_reader.h"

namespace ccm::agent {

// What the keeper does, on one thread at a time.
class SnapshotFile {
 public:
  struct Parts {
    const config::Config& config;
    const store::StoreReader& store;
    std::string state_path;
    const Clock& clock;
    Log& log;
  };
  explicit SnapshotFile(Parts parts) : parts_(std::move(parts)) {}

  // Makes it true of every certificate: a few calls of the system for each, and a read for each
  // that it does not have yet.
  void bring_up_to_date();
  // Of one, which may be another by now. Cheap when it is not.
  void note(const std::string& name);
  // Whether it has put off bring_up_to_date(), which catch_up() makes up for when it is time. A
  // certificate that is forgotten takes the file with it, and many may be forgotten in a row.
  bool owes_all() const noexcept { return owes_all_; }
  void catch_up();

 private:
  void begin_anew();
  // By which a change of it shows.
  struct Traces {
    store::VersionNumber version = 0;
    std::uint64_t stamp = 0;     // of the version
    std::uint64_t response = 0;  // stamp of the OCSP response
    bool operator==(const Traces&) const = default;
  };
  // What is known of one, and where its entry stands in the file.
  struct Known {
    Traces traces;
    std::uint64_t at = 0;
    std::size_t size = 0;  // 0: it has none
  };

  // What may be shown at a start: what a configuration names, and with a catalogue everything.
  struct Subject {
    std::string name;
    std::vector<std::string> names = {};  // that it has to cover
    bool stapling = true;
  };

  std::vector<Subject> subjects() const;
  std::optional<Subject> find(const std::string& name) const;
  Traces look(const Subject& subject) const;
  // What is to be kept of it; empty when there is nothing that a server could show at once.
  Secret read(const Subject& subject, const Traces& traces) const;
  Secret join(const publication::Snapshot& old);
  void append(Known& known, const Secret& entry);
  void say(const std::optional<Error>& problem);

  Parts parts_;
  std::map<std::string, Known, std::less<>> known_;
  std::size_t used_ = 0;   // by what is true, in bytes
  std::size_t total_ = 0;  // that the file has
  bool has_complained_ = false;
  std::atomic<bool> owes_all_{false};
  SteadyTime next_all_;
};

class SnapshotKeeper {
 public:
  explicit SnapshotKeeper(SnapshotFile::Parts parts);

  void bring_up_to_date();
  // Of these, which may be others by now.
  void note(std::vector<std::string> names);

 private:
  void give(std::function<void()> job);

  SnapshotFile file_;
  Crew crew_;
};

}  // namespace ccm::agent
