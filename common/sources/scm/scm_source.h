// SPDX-License-Identifier: Apache-2.0
// Certificates that SCM obtains and renews: the one of a given id, or the best that covers the
// names. A renewal gets a new id (docs/design/differences.md, "Validity"), so the configured id is
// only the first of a line.
//
// What was uploaded to SCM counts as far as the settings say (scm_selection.h). Every candidate is
// tried before giving up (scm_search.h).
//
// Asks little: lists are shared, fingerprints and what earlier exports revealed are compared before
// anything is exported. Thread-safe. Borrows its arguments; belongs to the agent.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "cloud/api/scm.h"
#include "sources/scm/scm_catalogue.h"
#include "sources/scm/scm_selection.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

class ScmSource final : public Source {
 public:
  ScmSource(cloud::ScmClient client, store::Store& store, const Clock& clock, Log& log)
      : client_(std::move(client)), store_(store), catalogue_(client_, clock), log_(log) {}

  // Throughout, spec.source is a config::ScmSource.
  Result<Outcome> obtain(const ObtainRequest& request) override;
  // SCM remembers everything itself.
  Result<void> installed(const ObtainRequest&) override { return {}; }
  Result<void> refused(const ObtainRequest&) override { return {}; }

 private:
  // `pinned`: what the id of the settings shows, when there is one and it is known.
  Result<ScmSituation> assess(const ObtainRequest& request, const cloud::ScmCertificate* pinned);
  Result<bool> is_installed_revoked(const ObtainRequest& request,
                                    const cloud::ScmCertificate* pinned);

  Result<Outcome> obtain_best(const ObtainRequest& request);
  Result<Outcome> obtain_pinned(const ObtainRequest& request, const std::string& id);
  // Nothing is due and the given one is nothing new.
  Result<Outcome> stay_with_pinned(const ObtainRequest& request,
                                   const Result<cloud::ScmCertificate>& pinned);
  // nullopt: due for renewal itself, or of no use.
  Result<std::optional<Obtained>> take_pinned(const ScmSituation& situation,
                                              const cloud::ScmCertificate& pinned);
  Result<Outcome> follow_pinned(const ScmSituation& situation, const std::string& id,
                                const Result<cloud::ScmCertificate>& pinned);

  Result<ScmCatalogue::List> candidates(const config::CertificateSpec& spec);
  // The first of these that may be taken and is better than what is installed; nullopt when none
  // is.
  Result<std::optional<Obtained>> pick(const ScmSituation& situation,
                                       const ScmCatalogue::List& list);
  Result<Outcome> nothing_better(const ScmSituation& situation);

  cloud::ScmClient client_;
  store::Store& store_;
  ScmCatalogue catalogue_;
  Log& log_;
};

}  // namespace ccm::sources
