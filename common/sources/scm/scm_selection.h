// SPDX-License-Identifier: Apache-2.0
// Which certificates of SCM may take the installed one's place, and in which order they are tried.
// Pure functions.
//
// A certificate that somebody uploaded to SCM was checked by nobody there, so what it may do is the
// operator's choice (config::Uploads); by default it stands in only where SCM has issued nothing of
// use.
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
  // Why it would not be taken today, though it came from SCM: the policy has become another, or a
  // root is not trusted any more. It serves until one comes that fits.
  std::optional<Error> objection = {};
};

struct ScmCandidate {
  cloud::ScmCertificate certificate;
  // It stands before the installed one whatever the ends: an upload gives way to what SCM issued,
  // and what the cloud no longer has gives way to what an operator finds there.
  bool may_end_sooner = false;
};

// The id the installed certificate came with; empty when it is not of SCM.
std::string installed_id(const ObtainRequest& request);
bool is_upload(const cloud::ScmCertificate& certificate) noexcept;
// `covering`: in order, as covering() gives them (scm_catalogue.h). Left out is what the policy
// does not admit in this situation.
std::vector<ScmCandidate> in_order(const ScmCatalogue::List& covering,
                                   const ScmSituation& situation);
// Whether the candidate, whose content is known by now, is of no use: another kind of key, or not
// better than the installed one. Better is what ends later. For an operator who waits, it is also
// what ends at the same time and was issued later or, issued at the same time, has the greater id.
bool is_unfit(const ScmCandidate& candidate, const ScmFacts& facts, const ScmSituation& situation);
// The same by the list's word alone, which is a hint: true only where it leaves no doubt.
bool is_hopeless(const ScmCandidate& candidate, const ScmSituation& situation);

}  // namespace ccm::sources
