// SPDX-License-Identifier: Apache-2.0
// One attempt to bring one certificate up to date: look at what is installed, obtain, ask the gate,
// install. The result is the certificate's next state. The log gets what an operator should know.
//
// Made for one attempt on one thread. Borrows its parts and the specification.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/attempt/canary.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/attempt/last_copy.h"
#include "lifecycle/attempt/responder.h"
#include "lifecycle/schedule/deadline.h"
#include "lifecycle/schedule/state.h"
#include "policy/canary.h"
#include "policy/schedule.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::lifecycle {

enum class Urge : std::uint8_t {
  due,      // by the schedule
  revoked,  // the shown certificate is said to be revoked: its successor does not wait for a window
  wanted,   // an operator wants it: due at any age, ends a hold, does not wait for a window
};

class Attempt {
 public:
  struct Parts {
    store::Store& store;
    sources::Source& source;
    const store::Lease& lease;
    const Clock& clock;
    Log& log;
    // nullptr: no first OCSP response is asked for.
    const Responder* responder = nullptr;
    Events& events = no_events();
    // Empty: nothing is counted, and every canary goes on to its end.
    CanaryCounter canary_counter = {};
    // Empty: there are no copies of what the store has lost.
    LastCopyOf last_copy_of = {};
  };
  Attempt(Parts parts, const config::CertificateSpec& spec, const State& before,
          Urge urge = Urge::due)
      : parts_(parts),
        installer_(parts.store, parts.lease, parts.events),
        spec_(spec),
        before_(before),
        urge_(urge),
        now_(parts.clock.now()) {}

  // Never Absent.
  State run();

  // After run(): whether the attempt has installed a version, and which version is current.
  bool has_installed() const noexcept { return has_installed_; }
  store::VersionNumber current() const noexcept { return version_; }
  // After run(): when the newest version is due; nullopt when there is none.
  std::optional<Deadline> deadline() const noexcept { return deadline_; }
  // When a version that waits for its window will be shown; nullopt when none waits.
  std::optional<Time> activates_at() const;
  // The version that is tried out after run().
  const std::optional<store::Canary>& canary() const noexcept { return canary_; }
  // The version that is current after run(); nullopt when no version is intact.
  const std::optional<store::VersionInfo>& info() const noexcept { return info_; }

 private:
  // The newest intact version; the error of a store that cannot be read, or cannot take back what
  // it has lost.
  Result<void> look_at_store();
  void prefer_what_was_current();
  void mend();
  // Puts back what the store has lost. False when there is no copy that is good enough.
  Result<bool> put_back(const std::optional<Error>& damage);
  // Whether a good version is staged that is newer than the one of this number.
  bool has_newer_staged(store::VersionNumber than) const;
  bool is_due() const;
  // Asks the hooks of "renewing" before a certificate is obtained because it is due.
  Result<void> ask_to_renew();
  void tell_of(EventType type, const sources::Obtained& obtained, std::string sentence) const;
  // Whether the current version is held (schedule/hold.h). Ends a hold that must not last longer.
  bool is_held();
  // What the source calls when its service says that the certificate was revoked.
  std::function<void(std::string_view)> revocation_of(const store::StoredCertificate* stored);
  State install(const sources::ObtainRequest& request, const sources::Obtained& obtained);
  State installed(const sources::Obtained& obtained, const store::VersionInfo& info);
  // The OCSP response for a certificate that demands stapling; empty when it is shown without one.
  // The error is `transient` when the certificate has to wait, `invalid` when it was revoked.
  Result<std::vector<std::byte>> first_response(const crypto::Bundle& bundle,
                                                std::string_view origin, bool current_must_go);

  // Looks for a version that waits for its window (activation.h).
  void find_staged();
  void drop_staged(store::VersionNumber version, std::string_view why);
  // Whether what is shown is good enough for a successor to wait, …
  bool may_wait() const;
  // … when a successor of what is shown may be shown, …
  Time activation() const;
  bool must_show_staged();
  // … and to show it. nullopt: go on with what the source has.
  std::optional<State> show_staged();
  bool has_to_wait(const sources::Obtained& obtained) const;
  // attempt_canary.cpp
  Time shown_from(const std::optional<store::Canary>& canary) const;
  std::optional<State> look_at_staged();
  std::optional<State> begin_canary();
  bool fetch_canary_response();
  std::optional<State> judge_canary();
  State take_back(const policy::CanaryRise& rise);
  State staged(const sources::Obtained& obtained, const store::VersionInfo& info);
  // A successor has to be better than this; nullptr when there is nothing.
  const store::StoredCertificate* newest() const noexcept;

  void warn_if_short(const store::VersionInfo& info);
  State refused(const sources::ObtainRequest& request, const sources::Obtained& obtained,
                Error error);
  State unchanged();
  State pending(const sources::Pending& outcome);
  // Nothing is wrong; `reason` says what is not there yet.
  State waiting(Error reason);
  void say_waiting(const std::string& sentence);
  State failed(Error error);

  // The state Valid, with the times of the newest version.
  State valid() const;
  // `wanted`, or earlier when the installed certificate demands it.
  Time bounded(Time wanted, policy::Look look) const;
  // `usual`, or higher when little of the installed certificate's lifetime is left.
  Severity severity(Severity usual) const;
  // "the installed certificate (valid until …) stays" or the like.
  std::string standing() const;
  // How a log line about the certificate begins.
  std::string prefix() const { return fmt::format("certificate \"{}\": ", spec_.name); }

  Parts parts_;
  Installer installer_;
  const config::CertificateSpec& spec_;
  const State& before_;
  Urge urge_;
  Time now_;  // read again after the source has answered
  std::optional<store::StoredCertificate> current_;
  bool is_current_intact_ = false;
  std::optional<store::StoredCertificate> staged_;
  std::optional<store::Canary> canary_;  // of `staged_`
  std::optional<Deadline> deadline_;     // of the newest version
  std::optional<store::VersionInfo> info_;
  store::VersionNumber version_ = 0;
  bool has_installed_ = false;
};

// Logs which certificates arrived beside the chain and are not served, if any.
void say_left_out(Log& log, std::string_view name, const crypto::Bundle& bundle);

}  // namespace ccm::lifecycle
