// SPDX-License-Identifier: Apache-2.0
// One search of one attempt among the certificates of SCM. It tries the candidates in turn, and
// skips one that is broken, refused by the gate or of no use. The number of cloud calls in one
// search is bounded; the catalogue remembers the findings, so that the next attempt continues where
// this one stopped.
//
// One thread; borrows its parts and the situation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "cloud/api/scm.h"
#include "sources/scm/scm_catalogue.h"
#include "sources/scm/scm_selection.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

// Whether SCM shows the installed certificate under this id.
bool is_installed(const cloud::ScmCertificate& shown, const ObtainRequest& request);

// Whether the error may concern one certificate only, so that another one may work.
bool is_obstacle(const Error& error) noexcept;

class ScmSearch {
 public:
  struct Parts {
    cloud::ScmClient& client;
    store::Store& store;
    ScmCatalogue& catalogue;
    Log& log;
  };
  ScmSearch(Parts parts, const ScmSituation& situation)
      : parts_(parts), situation_(situation), spec_key_(situation.request.spec.fingerprint()) {}

  // The first candidate that is better than the installed one; nullopt when there is none. The
  // error says why the first one that might be better cannot be taken; `transient` when not all
  // were tried.
  Result<std::optional<Obtained>> run(const std::vector<ScmCandidate>& order);
  // Exports this candidate; nullopt: of no use here, which the catalogue remembers.
  Result<std::optional<Obtained>> take(const ScmCandidate& candidate,
                                       const std::string& fingerprint);

 private:
  bool is_known_unfit(const ScmCandidate& candidate) const;
  bool is_known_unwanted(const ScmCandidate& candidate) const;
  // Whether the gate refused it a short time ago and the list still shows the same certificate.
  bool is_known_refused(const ScmCandidate& candidate) const;
  void say_passed_over() const;
  void take_obstacle(const ScmCandidate& candidate, Error error);
  // Why nothing was taken although something might be better.
  Error reason() &&;
  // Those without a failed trial first, then those whose trial was the longest ago.
  std::vector<const ScmCandidate*> by_trial(const std::vector<ScmCandidate>& order) const;
  bool is_exhausted();
  Result<std::optional<Obtained>> look_at(const ScmCandidate& candidate);
  void note(const ScmCandidate& candidate, const Error& error);
  std::string key_of(const ScmCandidate& candidate) const;
  Result<crypto::KeyPair> find_key(const crypto::Certificate& leaf);
  Result<crypto::KeyPair> key_for(const ScmCandidate& candidate, const cloud::ScmExport& exported);

  Parts parts_;
  const ScmSituation& situation_;
  std::string spec_key_;
  std::size_t tries_ = 0;
  std::size_t failed_calls_ = 0;  // in a row
  bool is_past_installed_ = false;
  bool has_untried_ = false;
  std::optional<Error> obstacle_;  // the first one
  std::size_t refused_ = 0;        // by the gate, now or a short time ago
  std::vector<std::string> news_;  // obstacles that were not known yet
};

}  // namespace ccm::sources
