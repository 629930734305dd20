// SPDX-License-Identifier: Apache-2.0
// Which certificates of SCM may replace the installed one, and in which order they are tried. Pure
// functions.
//
// SCM does not check a certificate that somebody uploaded, so the operator decides how it may be
// used (config::Uploads). By default it is used only where SCM has issued nothing usable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sources/scm/scm_catalogue.h"
#include "sources/source.h"

namespace ccm::sources {

// A request and what was found out about the installed certificate.
struct ScmSituation {
  const ObtainRequest& request;
  bool must_go = false;    // revoked, or of another source
  bool is_good = false;    // installed, may stay, and passes the gate's rules now
  bool is_pinned = false;  // it is the one that the settings name by its id
  // Why the source's present policy refuses the installed certificate, though it came from SCM: the
  // policy or the trusted roots have changed. It is served until one that fits arrives.
  std::optional<Error> objection = {};
};

struct ScmCandidate {
  cloud::ScmCertificate certificate;
  // It replaces the installed one even if it ends earlier: SCM's own certificate replaces an
  // upload, and what an operator finds in the cloud replaces what the cloud does not have.
  bool may_end_sooner = false;
};

// The id that the installed certificate came with; empty when it did not come from SCM.
std::string installed_id(const ObtainRequest& request);
bool is_upload(const cloud::ScmCertificate& certificate) noexcept;
// `covering`: in the order of covering() (scm_catalogue.h). Leaves out what the policy does not
// allow in this situation.
std::vector<ScmCandidate> in_order(const ScmCatalogue::List& covering,
                                   const ScmSituation& situation);
// Whether the candidate, whose content is known, is of no use: it has another kind of key, or is
// not better than the installed one. A certificate that ends later is better. When an operator
// waits, a certificate that ends at the same time is also better if it was issued later, or was
// issued at the same time and has the greater id.
bool is_unfit(const ScmCandidate& candidate, const ScmFacts& facts, const ScmSituation& situation);
// The same, judged only by the list, which is a hint: true only when it leaves no doubt.
bool is_hopeless(const ScmCandidate& candidate, const ScmSituation& situation);

}  // namespace ccm::sources
