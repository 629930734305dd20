// SPDX-License-Identifier: Apache-2.0
// Certificates that SCM issues and renews: the one with a given id, or the best one that covers the
// names. A renewal gets a new id (docs/design/differences.md, "Validity"), so the configured id is
// only the first of a line.
//
// The settings decide how uploaded certificates are used (scm_selection.h). All candidates are
// tried before the attempt fails (scm_search.h).
//
// If the settings allow it and SCM has no usable certificate, the source has one issued
// (scm_orders.h).
//
// Makes few calls: lists are shared, and nothing is exported before fingerprints and the results of
// earlier exports were compared. Thread-safe. Borrows its arguments; belongs to the agent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/event.h"
#include "base/log.h"
#include "cloud/api/scm.h"
#include "sources/scm/scm_catalogue.h"
#include "sources/scm/scm_orders.h"
#include "sources/scm/scm_selection.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

// What the source needs besides to apply for certificates.
struct ScmOrdering {
  std::string endpoint = {};
  Events& events = no_events();
  std::function<cloud::Session*(const config::CredentialsSpec&)> session_of = {};
  ProofLook look = {};    // empty: nobody looks
  ZonesOf zones_of = {};  // empty: there are none
};

class ScmSource final : public Source {
 public:
  ScmSource(cloud::ScmClient client, store::Store& store, const Clock& clock, Log& log,
            ScmOrdering ordering = {})
      : client_(std::move(client)),
        store_(store),
        catalogue_(client_, clock),
        log_(log),
        orders_({client_, std::move(ordering.endpoint), store, log, ordering.events,
                 std::move(ordering.session_of), std::move(ordering.look),
                 std::move(ordering.zones_of)}) {}

  // Throughout, spec.source is a config::ScmSource.
  Result<Outcome> obtain(const ObtainRequest& request) override;
  Result<bool> must_go(const ObtainRequest& request) override;
  Result<void> installed(const ObtainRequest& request) override { return orders_.settle(request); }
  Result<void> left(const std::string& name, const store::Lease& lease) override {
    return orders_.rest(name, lease);
  }
  // SCM remembers everything itself.
  Result<void> refused(const ObtainRequest&) override { return {}; }

 private:
  // `pinned`: the certificate that the settings name by its id; nullptr when they name none or it
  // is not known.
  Result<ScmSituation> assess(const ObtainRequest& request, const cloud::ScmCertificate* pinned);
  Result<bool> must_go(const ObtainRequest& request, const cloud::ScmCertificate* pinned);
  Result<bool> is_installed_revoked(const ObtainRequest& request,
                                    const cloud::ScmCertificate* pinned);

  // Without an order: takes what is there, or begins an order.
  Result<Outcome> search(const ObtainRequest& request);
  Result<Outcome> obtain_ordered(const ObtainRequest& request, ScmOrder& order);
  // A certificate that can be taken although an order is in progress; nullopt when there is none.
  Result<std::optional<Obtained>> find_other(const ObtainRequest& request);
  Result<Outcome> collect(const ObtainRequest& request, ScmOrder& order,
                          const cloud::ScmCertificate& issued);
  Result<Outcome> have_issued(const ScmSituation& situation, const ScmCatalogue::List& all);
  Result<Outcome> obtain_best(const ObtainRequest& request);
  Result<Outcome> obtain_pinned(const ObtainRequest& request, const std::string& id);
  // To be called when nothing is due and the pinned certificate is installed.
  Result<Outcome> stay_with_pinned(const ObtainRequest& request,
                                   const Result<cloud::ScmCertificate>& pinned);
  // nullopt when it is itself due for renewal, or of no use.
  Result<std::optional<Obtained>> take_pinned(const ScmSituation& situation,
                                              const cloud::ScmCertificate& pinned);
  Result<Outcome> follow_pinned(const ScmSituation& situation, const std::string& id,
                                const Result<cloud::ScmCertificate>& pinned);

  Result<ScmCatalogue::List> candidates(const config::CertificateSpec& spec);
  // The first of these that may be taken and is better than the installed one; nullopt when there
  // is none.
  Result<std::optional<Obtained>> pick(const ScmSituation& situation,
                                       const ScmCatalogue::List& list);
  Result<Outcome> nothing_better(const ScmSituation& situation);

  cloud::ScmClient client_;
  store::Store& store_;
  ScmCatalogue catalogue_;
  Log& log_;
  ScmOrders orders_;
};

}  // namespace ccm::sources
