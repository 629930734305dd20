// SPDX-License-Identifier: Apache-2.0
// Shows a version that is tried out (store/staging.h) to the share of the handshakes that the
// server's workers choose, and keeps their counts where the leader of the store finds them
// (store/host/canary_file.h). Belongs to the agent's main thread, beside the publisher.
//
// Every agent does this for its own server; only the leader's engine begins and ends a canary. A
// server may not hear of the end, because its host is cut off or nobody leads. Then it stops
// showing the version some time later, and keeps its counts for the leader.
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

  // Borrows store and log. Continues the counts of the agent before.
  CanaryPublisher(CanaryPlace place, const store::StoreReader& store, Log& log);

  // Finds out which version of the certificate is tried out. To be called after the current version
  // was published.
  void look_at(publication::Writer& writer, const config::CertificateSpec& spec, Time now);
  // Stops showing versions whose canary should have ended long ago.
  void give_up(publication::Writer& writer, Time now);
  // Keeps the counts since the last call.
  void count(SteadyTime now);
  // Whether nothing is tried out on this server.
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
  store::CanariesCounted counted_;  // of running canaries
  store::CanariesCounted before_;   // of the agent before; not taken over yet
  store::CanariesCounted written_;
  std::map<std::string, store::Canary, std::less<>> unreadable_;
  std::map<std::string, Time, std::less<>> shown_until_;  // of versions that are shown now
  SteadyTime next_{};
  bool has_complained_ = false;
};

}  // namespace ccm::agent
