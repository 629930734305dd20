// SPDX-License-Identifier: Apache-2.0
// Has certificates issued at SCM without an operator: one order for each certificate, from the
// choice of a paid certificate until the issued one is installed.
//
//   (nothing) ──► chosen ──► sent ──► applied ──► issued: taken by ScmSource, installed, closing
//                   ▲          │         ├──► stopped: refused or withdrawn; a person decides
//                   └──────────┘         └──► closing ──► (nothing)
//             refused for these names
//
// The order is stored before every step (scm_order.h), so that it survives the end of the agent at
// any moment. An application by somebody else, usually SCM's own for a successor, enters at
// "applied".
//
// Thread-safe for different certificates. Borrows its parts; belongs to ScmSource.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "cloud/api/scm.h"
#include "cloud/identity/session.h"
#include "config/sources/scm.h"
#include "sources/scm/scm_order.h"
#include "sources/scm/scm_proofs.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

class ScmOrders {
 public:
  struct Parts {
    cloud::ScmClient& client;  // with the credentials that fetch certificates
    std::string endpoint;
    store::Store& store;
    Log& log;
    Events& events = no_events();
    // The session with the credentials that apply, where those are different.
    std::function<cloud::Session*(const config::CredentialsSpec&)> session_of = {};
    ProofLook look = {};
    // The zones of Huawei Cloud DNS in the settings.
    ZonesOf zones_of = {};
  };
  explicit ScmOrders(Parts parts)
      : parts_(std::move(parts)),
        proofs_({parts_.store, parts_.events, parts_.log, parts_.look, parts_.zones_of}) {}

  // The order of this certificate; nullopt when there is none. Closes a fulfilled order.
  Result<std::optional<ScmOrder>> open_order(const ObtainRequest& request);

  // The result of a look at an order.
  struct Issued {
    cloud::ScmCertificate certificate;
  };
  struct Over {};  // closed: there is no order any more
  using Progress = std::variant<Pending, Issued, Over>;
  Result<Progress> advance(const ObtainRequest& request, ScmOrder& order);

  // Somebody else has applied for a certificate that covers the names: makes an order that only
  // places the proof.
  Result<Progress> adopt(const ObtainRequest& request, const cloud::ScmCertificate& theirs);
  // Chooses a paid certificate and applies for it.
  Result<Progress> begin(const ObtainRequest& request);

  // Stops the order, because only a person can help.
  Failure stop(const ObtainRequest& request, ScmOrder& order, std::string reason);
  // To be called when no configuration wants the order: removes the proof and keeps the order.
  Result<void> rest(const std::string& name, const store::Lease& lease);
  // Removes the proof, then the order.
  Result<void> close(const ObtainRequest& request, ScmOrder& order);
  // After an installation: closes the order that it fulfils.
  Result<void> settle(const ObtainRequest& request);

 private:
  Result<Progress> send(const ObtainRequest& request, ScmOrder& order);
  Result<Progress> apply(const ObtainRequest& request, ScmOrder& order, bool wildcard_first);
  Result<Progress> applied(const ObtainRequest& request, ScmOrder& order);
  Result<Progress> take_refusal(const ObtainRequest& request, ScmOrder& order, bool was_unclear,
                                Error error);
  Result<Progress> found_taken(const ObtainRequest& request, ScmOrder& order, bool may_be_ours,
                               const cloud::ScmCertificate& shown);
  Result<Progress> look(const ObtainRequest& request, ScmOrder& order);
  Result<Progress> wait(const ObtainRequest& request, ScmOrder& order, std::string reason);
  Result<Progress> in_progress(const ObtainRequest& request, ScmOrder& order,
                               const cloud::ScmDetail& detail);
  Result<Progress> resume_stopped(const ObtainRequest& request, ScmOrder& order);
  Result<Progress> refused(const ObtainRequest& request, ScmOrder& order,
                           const cloud::ScmCertificate& shown);
  void say_when_late(const ObtainRequest& request, ScmOrder& order,
                     const cloud::ScmCertificate& shown);
  void take_over_key(const ObtainRequest& request, ScmOrder& order) const;
  // Chooses a paid certificate (again), and makes key and signing request if they are missing.
  Result<void> choose(const ObtainRequest& request, ScmOrder& order);
  Result<void> write(const ObtainRequest& request, ScmOrder& order);
  Result<cloud::ScmClient> applicant(const config::Issue& issue) const;

  Parts parts_;
  ScmProofs proofs_;
};

// When to look at the order again: at first after a minute, later after up to a quarter of an hour,
// and never later than the check interval.
Time next_poll(const ScmOrder& order, Seconds check_interval, Time now);

}  // namespace ccm::sources
