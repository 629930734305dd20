// SPDX-License-Identifier: Apache-2.0
// Keeps the OCSP responses of installed certificates fresh, so that servers can staple them. Asks
// the responder that a certificate names, if the chain holds the issuer, whose key verifies the
// answer. A `good` response goes into the store beside the version, and every agent on the host
// publishes it from there.
//
// clang-format off
//   take_due ─► attempt ─┬► good: kept; asked again half-way through its validity at the latest
//                        ├► revoked: said once; what was kept goes, the lifecycle looks at once
//                        └► no such answer: what was kept stays until its end; back-off
// clang-format on
//
// Asks each responder one question at a time, so that a responder that hangs delays only its own
// certificates.
//
// Decides under a lock, acts outside it, like Lifecycle beside it: the agent's main thread asks
// what is due, threads of the engine run the attempts. Used only while holding the store's lease.
// Thread-safe. Borrows what it is made of.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "cloud/transport/http_client.h"
#include "config/config.h"
#include "crypto/certificate/ocsp.h"
#include "lifecycle/attempt/responder.h"
#include "lifecycle/schedule/health.h"
#include "lifecycle/schedule/timers.h"
#include "store/store.h"

namespace ccm::lifecycle {

class Stapling {
 public:
  struct Parts {
    const config::Config& config;
    store::Store& store;
    cloud::HttpClient& http;  // sends to whatever host a certificate names: no credentials
    const Clock& clock;
    Log& log;
    // Called with the name of a certificate whose responder says that it is revoked.
    std::function<void(const std::string& name)> on_revoked;
    Events& events = no_events();
  };
  explicit Stapling(Parts parts);

  // The installed version of this certificate may have changed. Looks once into the store; a new
  // version is due at once.
  void notice(const std::string& name);
  // At most `limit` certificates that are due now and not in work, the most overdue first; marks
  // them as in work. The cost depends on how many are due, not on how many wait.
  std::vector<std::string> take_due(Time now, std::size_t limit);
  // Looks once at a certificate that take_due() has returned, and asks its responder if necessary.
  // Any thread.
  void attempt(const std::string& name, const store::Lease& lease) noexcept;
  // When the next certificate is due of those that are not in work; Time::max() when there is none.
  Time next_wake() const;
  // The wall clock was set, so any computed time may be wrong: every certificate is due at once.
  void look_again_at_all();

 private:
  struct Entry {
    const config::CertificateSpec* spec;
    store::VersionNumber version = 0;  // that the members below describe; 0: none yet
    Time due = Time::max();
    unsigned failures = 0;  // in a row
    bool is_revocation_said = false;
    std::string responder = {};  // of that version, once known
    bool in_work = false;
    bool is_hastened = false;  // while in work: look again at once
  };
  struct Subject;

  void run(const std::string& name, const store::Lease& lease);
  Time look(Entry& entry, const store::Lease& lease);
  void say_impossible(const std::string& name, const crypto::Certificate& leaf,
                      const std::string& responder) const;
  // Asks, after begin_question(); ends the question.
  Result<OcspReply> ask(const Subject& subject);
  Result<Time> take(Entry& entry, const Subject& subject, const OcspReply& answer,
                    const store::Lease& lease);
  void say_revoked(Entry& entry, const Subject& subject, const crypto::OcspAnswer& answer,
                   const store::Lease& lease);
  Time failed(Entry& entry, const Subject& subject, const Error& error);

  // With the lock held, after every change of when it is due.
  void plan(const Entry& entry);
  bool is_busy(const std::string& responder) const;  // with the lock held
  bool begin_question(const std::string& responder);
  void end_question(const std::string& responder);

  Parts parts_;
  Responder http_;
  Health health_;
  mutable std::mutex mutex_;  // guards what follows; an entry in work is its worker's
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, unsigned> questions_;  // under way, by responder
  // Of entries that are not in work, by responder; the queue of a busy responder is held.
  Timers<std::string> timers_;
};

}  // namespace ccm::lifecycle
