// SPDX-License-Identifier: Apache-2.0
// Shows a version that is tried out (store/staging.h) to the share of the handshakes that the
// server's workers choose, and keeps what they count where the leader of the store finds it
// (store/host/canary_file.h). Belongs to the agent's main thread, beside the publisher.
//
// Every agent does so for its own server; the leader's engine alone begins and ends a canary. A
// server that does not hear of the end, because its host is cut off or nobody leads, shows the
// version to nobody some time after that. What it has counted stays for the leader.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "publication/canary_board.h"
#include "publication/writer.h"
#include "store/host/canary_file.h"
#include "store/store_reader.h"

namespace ccm::agent {

// Where it reads and writes.
struct CanaryPlace {
  std::optional<publication::CanaryBoard> board = {};  // nullopt: no certificate has a canary
  std::string state_path = {};
  store::ServerId server = {};
};

class CanaryPublisher {
 public:
  static constexpr Seconds kBetweenCounts{1};

  // Borrows store and log. Goes on with what the agent before has counted.
  CanaryPublisher(CanaryPlace place, const store::StoreReader& store, Log& log);

  // Finds out what is tried out of the certificate; after its current version was published.
  void look_at(publication::Writer& writer, const config::CertificateSpec& spec, Time now);
  // Shows to nobody what should have ended long ago.
  void give_up(publication::Writer& writer, Time now);
  // Keeps what was counted since the last time.
  void count(SteadyTime now);
  // Nothing is tried out on this server.
  bool is_at_rest() const noexcept { return counted_.empty(); }

 private:
  void begin(publication::Writer& writer, const config::CertificateSpec& spec,
             const store::Canary& canary, Time now);
  void end(publication::Writer& writer, const std::string& name);
  bool is_counted(const std::string& name, const store::Canary& canary) const;
  void say_it_is_over(const std::string& name);
  void say(const Error& error);

  CanaryPlace place_;
  const store::StoreReader& store_;
  Log& log_;
  store::CanariesCounted counted_;  // under way
  store::CanariesCounted before_;   // of the agent before, not looked at yet
  store::CanariesCounted written_;
  std::map<std::string, store::Canary, std::less<>> unreadable_;
  std::map<std::string, Time, std::less<>> shown_until_;  // of what is shown now
  SteadyTime next_{};
  bool has_complained_ = false;
};

}  // namespace ccm::agent
