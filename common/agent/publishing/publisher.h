// SPDX-License-Identifier: Apache-2.0
// Publishes the store's content to the server's workers. Belongs to the agent's main thread, so
// that no cloud call ever delays it. The only writer of the segment while the agent runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/process/sign_of_life.h"
#include "agent/publishing/canary_publisher.h"
#include "agent/publishing/catalogue_publisher.h"
#include "agent/publishing/proof_publisher.h"
#include "agent/publishing/store_follower.h"
#include "agent/publishing/ticket_publisher.h"
#include "agent/publishing/turns.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/traces.h"
#include "config/config.h"
#include "publication/snapshot.h"
#include "publication/writer.h"
#include "store/store_reader.h"

namespace ccm::agent {

class Publisher {
 public:
  // Certificates that may become fit on another day are looked at again within this time.
  static constexpr Seconds kDatedRound{300};

  // Borrows all but the writer. `state_path` is where the agent works, which stays the same
  // directory when another one gets the configured name (state_place.h).
  Publisher(const config::Config& config, const store::StoreReader& store,
            const std::string& state_path, publication::Writer writer, SignOfLife& life, Log& log,
            Events& events = no_events(), CanaryPlace canaries = {})
      : config_(config),
        store_(store),
        writer_(std::move(writer)),
        life_(life),
        log_(log),
        events_(events),
        canaries_(std::move(canaries), store, log),
        proofs_(store, log),
        tickets_(config.global().ticket_keys, store, log),
        catalogues_(writer_.catalogues(), store, log, config.catalogues(), copies_in(state_path)),
        follower_(config, store) {}

  // Publishes every certificate whose current version or OCSP response has changed, as the store
  // (store_follower.h) or notice() has told. A damaged version never replaces a good one that is
  // served, and one that has ended never replaces one in force. Workers leave out a response that
  // has ended in the meantime (server/tls/handshake.h). Proofs that authorities may fetch, and the
  // ticket keys, are published first.
  void refresh(Time now);
  // The files of these certificates have changed, whoever changed them; refresh() looks at them.
  void notice(const std::vector<std::string>& names);
  // Whether refresh() has more to do at once: the catalogues are brought up to date step by step.
  bool has_more() const noexcept { return catalogues_.has_more(); }
  // The next refresh() looks again at versions that were kept back because of their dates, for
  // instance when the clock was wrong.
  void clock_was_set();
  // Whether a version is tried out, so that refresh() has to be called every
  // CanaryPublisher::kBetweenCounts.
  bool counts() const noexcept { return !canaries_.is_at_rest(); }
  // For the status, which writes into the same segment (status_board.h).
  publication::Writer& writer() noexcept { return writer_; }
  // To be called before the first refresh(). Certificates that the server shows exactly as they are
  // in the snapshot, and that are still current, are then not read.
  void believe(const publication::Snapshot& snapshot);

 private:
  // What is known of a certificate's newest version.
  struct Seen {
    Traces traces;
    std::string complaint;      // why it is not shown, so that it is logged once
    bool is_lost = false;       // there is no version any more, and the log says so
    bool is_withheld = false;   // the server shows something that fits better
    bool is_unstapled = false;  // there is a response that is not to be stapled now

    // Whether another day may change what is shown.
    bool is_dated() const noexcept { return is_withheld || is_unstapled; }
  };

  // Whether the leader has a last copy of an entry.
  static std::function<bool(const std::string& entry)> copies_in(const std::string& state_path);
  void look_at(const config::CertificateSpec& spec, Time now);
  void look_at_dated(Time now, SteadyTime since);
  void say_what_is_lost();
  // What the log says, or has said.
  std::string say_it_waits(const std::string& name, const store::VersionInfo& info, Time now,
                           const std::string& said);
  // False when the store could not be read.
  bool look_at(const config::CertificateSpec& spec, Seen& seen, Time now);
  void publish(const std::string& name, const store::VersionInfo& info,
               const publication::Published& value, bool is_new);

  const config::Config& config_;
  const store::StoreReader& store_;
  publication::Writer writer_;
  SignOfLife& life_;
  Log& log_;
  Events& events_;
  CanaryPublisher canaries_;
  ProofPublisher proofs_;
  TicketPublisher tickets_;
  CataloguePublisher catalogues_;
  StoreFollower follower_;
  std::map<std::string, Seen, std::less<>> seen_;
  std::set<const config::CertificateSpec*> unread_;  // to be looked at in the next call
  std::set<const config::CertificateSpec*> dated_;
  Turns dated_turns_;
};

}  // namespace ccm::agent
