// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_selection.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "config/sources/scm.h"
#include "policy/schedule.h"

namespace ccm::sources {
namespace {

using cloud::ScmCertificate;
using config::Uploads;

constexpr std::string_view kOriginPrefix = "scm:";

Uploads policy_of(const ScmSituation& situation) {
  return situation.request.spec.source.as<config::ScmSource>().uploads;
}

bool is_due(const ScmSituation& situation, Time not_before, Time not_after) {
  const config::CertificateSpec& spec = situation.request.spec;
  return situation.request.now >=
         policy::renewal_time(spec.renew_before, not_before, not_after, spec.jitter_seed);
}

// Due by the schedule, whether or not an operator waits.
bool is_installed_due(const ScmSituation& situation) {
  const crypto::Certificate& leaf = situation.request.current->bundle.leaf();
  return is_due(situation, leaf.not_before(), leaf.not_after());
}

const ScmCertificate* find_installed(const ScmCatalogue::List& list,
                                     const ScmSituation& situation) {
  const std::string id = installed_id(situation.request);
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const ScmCertificate& each) { return each.id == id; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::string installed_id(const ObtainRequest& request) {
  if (request.current == nullptr) return {};
  const std::string& origin = request.current->info.origin;
  return origin.starts_with(kOriginPrefix) ? origin.substr(kOriginPrefix.size()) : std::string();
}

bool is_upload(const ScmCertificate& certificate) noexcept {
  return certificate.status == "UPLOAD";
}

std::vector<ScmCandidate> in_order(const ScmCatalogue::List& covering,
                                   const ScmSituation& situation) {
  const Uploads policy = policy_of(situation);
  const ScmCertificate* installed =
      situation.is_good ? find_installed(covering, situation) : nullptr;
  const bool has_upload = installed != nullptr && is_upload(*installed);
  const bool is_gone = situation.is_good && installed == nullptr;
  const bool issued_first = has_upload && policy != Uploads::on && !situation.is_pinned;
  const bool lets_go = is_gone && situation.request.is_wanted && !situation.is_pinned;
  std::vector<ScmCandidate> order;
  for (const ScmCertificate& each : covering) {
    if (policy != Uploads::on && is_upload(each)) continue;
    order.push_back({.certificate = each, .may_end_sooner = issued_first || lets_go});
  }
  const bool uploads_count = policy == Uploads::fallback &&
                             (!situation.is_good || has_upload || is_installed_due(situation));
  for (const ScmCertificate& each : covering) {
    if (uploads_count && is_upload(each)) {
      order.push_back({.certificate = each, .may_end_sooner = lets_go});
    }
  }
  return order;
}

bool is_unfit(const ScmCandidate& candidate, const ScmFacts& facts, const ScmSituation& situation) {
  const ObtainRequest& request = situation.request;
  if (request.spec.key && facts.key != *request.spec.key) return true;
  if (!situation.is_good) return false;
  const crypto::Certificate& leaf = request.current->bundle.leaf();
  if (facts.not_after > leaf.not_after()) return false;
  // A certificate that is itself due for renewal is no improvement.
  if (candidate.may_end_sooner) return is_due(situation, facts.not_before, facts.not_after);
  if (!request.is_wanted || facts.not_after < leaf.not_after()) return true;
  const std::string id = installed_id(request);
  return std::tie(facts.not_before, candidate.certificate.id) < std::tuple(leaf.not_before(), id);
}

bool is_hopeless(const ScmCandidate& candidate, const ScmSituation& situation) {
  if (!situation.is_good || candidate.may_end_sooner) return false;
  const std::optional<Time> hint = hinted_end(candidate.certificate);
  return hint && *hint + kZoneTolerance <= situation.request.current->bundle.leaf().not_after();
}

}  // namespace ccm::sources
