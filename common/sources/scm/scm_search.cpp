// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/certificate/chain.h"
#include "crypto/certificate/pem.h"
#include "policy/gate.h"
#include "sources/scm/scm_order.h"

namespace ccm::sources {
namespace {

using cloud::ScmCertificate;

// The most that are tried in one attempt. The next attempt goes on with the others.
constexpr std::size_t kMostTries = 16;
// After this many failed calls in a row the cloud is the problem, not the certificates.
constexpr std::size_t kMostFailedCalls = 3;
// How long a certificate that the source's policy has refused is left alone.
constexpr Seconds kUnwantedFor = std::chrono::hours(24);

Error in_context(Error error, const ScmCandidate& candidate) {
  return std::move(error).with_context(
      fmt::format("certificate {} from SCM", candidate.certificate.id));
}

Failure malformed(Error error, const ScmCandidate& candidate) {
  return fail(in_context(std::move(error), candidate).with_kind(ErrorKind::invalid));
}

Result<crypto::Certificate> find_leaf(const cloud::ScmExport& exported) {
  Result<std::vector<crypto::Certificate>> all =
      crypto::parse_certificates_pem(exported.certificate);
  if (!all) return pass(std::move(all));
  Result<std::vector<crypto::Certificate>> chain =
      crypto::parse_certificates_pem(exported.certificate_chain);
  if (!chain) return fail_with(std::move(chain), "certificate chain");
  all->insert(all->end(), chain->begin(), chain->end());
  Result<std::vector<crypto::Certificate>> ordered = crypto::order_chain(std::move(*all), nullptr);
  if (!ordered) return pass(std::move(ordered));
  return ordered->front();
}

}  // namespace

bool is_obstacle(const Error& error) noexcept {
  return error.kind() == ErrorKind::rejected || error.kind() == ErrorKind::invalid ||
         error.kind() == ErrorKind::transient;
}

bool is_installed(const ScmCertificate& shown, const ObtainRequest& request) {
  if (request.current == nullptr) return false;
  if (shown.fingerprint.empty()) return shown.id == installed_id(request);
  return shown.fingerprint == request.current->bundle.leaf().sha1_fingerprint();
}

Result<std::optional<Obtained>> ScmSearch::run(const std::vector<ScmCandidate>& order) {
  for (const ScmCandidate* candidate : by_trial(order)) {
    if (is_known_unfit(*candidate) || is_known_unwanted(*candidate)) continue;
    const bool is_tried = parts_.catalogue.trouble(key_of(*candidate)).has_value();
    // All that follow are no better, except those that were put back.
    if (is_past_installed_ && !is_tried) continue;
    if (is_exhausted() && !is_known_refused(*candidate)) {
      has_untried_ = true;
      break;
    }
    // A certificate that was refused and has not changed has been tried, however many there are.
    Result<std::optional<Obtained>> taken =
        is_exhausted() ? fail(parts_.catalogue.trouble(key_of(*candidate))->error)
                       : look_at(*candidate);
    if (!taken && !is_obstacle(taken.error())) return taken;
    if (!taken) {
      take_obstacle(*candidate, std::move(taken).error());
      continue;
    }
    if (!*taken) continue;
    say_passed_over();
    return taken;
  }
  if (has_untried_) {
    return fail(ErrorKind::transient,
                fmt::format("{} certificates of SCM that cover the names were looked at and are of "
                            "no use here, the next attempt goes on with the others{}{}",
                            tries_, obstacle_ ? ": " : "", obstacle_ ? obstacle_->message() : ""));
  }
  if (obstacle_) return fail(std::move(*this).reason());
  say_passed_over();
  return std::optional<Obtained>();
}

void ScmSearch::take_obstacle(const ScmCandidate& candidate, Error error) {
  if (is_known_refused(candidate)) ++refused_;
  if (!obstacle_) obstacle_ = std::move(error);
}

Error ScmSearch::reason() && {
  if (refused_ <= 1) return *std::move(obstacle_);
  return (*std::move(obstacle_))
      .with_context(fmt::format("{} certificates of SCM that cover the names were refused{}",
                                refused_,
                                situation_.is_good ? ", and the installed one stays" : ""));
}

void ScmSearch::say_passed_over() const {
  for (const std::string& passed_over : news_) {
    parts_.log.warn("certificate \"{}\": passed over: {}", situation_.request.spec.name,
                    passed_over);
  }
}

bool ScmSearch::is_exhausted() {
  return tries_ == kMostTries || failed_calls_ == kMostFailedCalls;
}

std::vector<const ScmCandidate*> ScmSearch::by_trial(const std::vector<ScmCandidate>& order) const {
  std::vector<std::pair<std::optional<SteadyTime>, const ScmCandidate*>> trials;
  for (const ScmCandidate& candidate : order) {
    const std::optional<ScmTrouble> trouble = parts_.catalogue.trouble(key_of(candidate));
    trials.emplace_back(trouble ? std::optional(trouble->at) : std::nullopt, &candidate);
  }
  std::stable_sort(trials.begin(), trials.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const ScmCandidate*> sorted;
  for (const auto& [at, candidate] : trials) sorted.push_back(candidate);
  return sorted;
}

Result<std::optional<Obtained>> ScmSearch::look_at(const ScmCandidate& candidate) {
  const ObtainRequest& request = situation_.request;
  ++tries_;
  const Result<ScmCertificate> shown = parts_.client.show(candidate.certificate.id);
  if (!shown) {
    if (is_obstacle(shown.error())) {
      ++failed_calls_;
      note(candidate, shown.error());
    }
    return fail(shown.error());
  }
  if (is_installed(*shown, request)) {
    is_past_installed_ = situation_.is_good && !request.is_wanted;
    return std::optional<Obtained>();
  }
  if (!shown->is_exportable()) return std::optional<Obtained>();
  const std::optional<ScmTrouble> known = parts_.catalogue.trouble(key_of(candidate));
  if (is_known_refused(candidate) && known->refused_fingerprint == shown->fingerprint) {
    failed_calls_ = 0;
    return fail(known->error);
  }
  return take(candidate, shown->fingerprint);
}

Result<std::optional<Obtained>> ScmSearch::take(const ScmCandidate& candidate,
                                                const std::string& fingerprint) {
  const ObtainRequest& request = situation_.request;
  Result<cloud::ScmExport> exported = parts_.client.export_certificate(candidate.certificate.id);
  if (!exported) {
    Error error = in_context(std::move(exported).error(), candidate);
    if (is_obstacle(error)) {
      ++failed_calls_;
      note(candidate, error);
    }
    return fail(std::move(error));
  }
  failed_calls_ = 0;
  Result<crypto::KeyPair> key = key_for(candidate, *exported);
  if (!key) {
    if (is_known_unfit(candidate)) return std::optional<Obtained>();
    note(candidate, key.error());
    return pass(std::move(key));
  }
  Result<crypto::Bundle> bundle = crypto::Bundle::parse_pem(
      exported->certificate, exported->certificate_chain, std::move(*key), request.now);
  if (!bundle) {
    Failure failure = malformed(std::move(bundle).error(), candidate);
    note(candidate, failure.value());
    return failure;
  }
  parts_.catalogue.remember(candidate.certificate, bundle->leaf());
  if (is_known_unfit(candidate)) return std::optional<Obtained>();
  Obtained obtained{.bundle = std::move(*bundle),
                    .origin = fmt::format("scm:{}", candidate.certificate.id),
                    .current_must_go = situation_.must_go,
                    .may_end_sooner = candidate.may_end_sooner || situation_.objection};
  const policy::Candidate judged = as_candidate(request, obtained);
  obtained.trust = judged.trust;
  const Result<policy::Admission> admitted = policy::admit(judged, request.now);
  if (admitted) {
    parts_.catalogue.forget_trouble(key_of(candidate));
    return std::optional<Obtained>(std::move(obtained));
  }
  const bool is_for_good = admitted.error().kind() == ErrorKind::rejected &&
                           !admitted.error().retry_after() &&
                           obtained.bundle.leaf().sha1_fingerprint() == fingerprint;
  const bool is_unwanted =
      judged.objection && judged.objection->message() == admitted.error().message();
  Failure failure = malformed(admitted.error(), candidate);
  note(candidate, failure.value());
  if (is_for_good) parts_.catalogue.note_refusal(key_of(candidate), fingerprint, is_unwanted);
  // While something good is installed, a certificate that the operator does not want is no trouble.
  if (is_unwanted && situation_.is_good) return std::optional<Obtained>();
  return failure;
}

Result<crypto::KeyPair> ScmSearch::key_for(const ScmCandidate& candidate,
                                           const cloud::ScmExport& exported) {
  if (!exported.private_key.empty()) {
    Result<crypto::KeyPair> key = crypto::KeyPair::parse_pem(exported.private_key.reveal());
    if (!key) return malformed(std::move(key).error().with_context("private key"), candidate);
    return key;
  }
  Result<crypto::Certificate> leaf = find_leaf(exported);
  if (!leaf) return malformed(std::move(leaf).error(), candidate);
  parts_.catalogue.remember(candidate.certificate, *leaf);
  Result<crypto::KeyPair> key = find_key(*leaf);
  if (!key) return fail(in_context(std::move(key).error(), candidate));
  return key;
}

Result<crypto::KeyPair> ScmSearch::find_key(const crypto::Certificate& leaf) {
  const ObtainRequest& request = situation_.request;
  if (request.current != nullptr && leaf.matches(request.current->bundle.key())) {
    return request.current->bundle.key();
  }
  Result<std::optional<ScmOrder>> order = read_scm_order(parts_.store, request.spec.name);
  if (order && *order && (*order)->key && leaf.matches(*(*order)->key)) return *(*order)->key;
  Result<std::vector<crypto::KeyPair>> keys = parts_.store.operator_keys();
  if (!keys) return fail_with(std::move(keys), "the operator's keys");
  const auto found = std::find_if(keys->begin(), keys->end(),
                                  [&](const crypto::KeyPair& key) { return leaf.matches(key); });
  if (found != keys->end()) return *found;
  return fail(ErrorKind::rejected,
              fmt::format("its private key is not in the cloud, and none of the {} here fits: put "
                          "the key as a PEM file into the folder keys/ of the state path",
                          keys->size() + (request.current != nullptr ? 1 : 0)));
}

bool ScmSearch::is_known_unfit(const ScmCandidate& candidate) const {
  const std::optional<ScmFacts> facts = parts_.catalogue.recall(candidate.certificate);
  return facts ? is_unfit(candidate, *facts, situation_) : is_hopeless(candidate, situation_);
}

// Not for ever, because the policy may change.
bool ScmSearch::is_known_unwanted(const ScmCandidate& candidate) const {
  if (!situation_.is_good || situation_.request.is_wanted) return false;
  const std::optional<ScmTrouble> known = parts_.catalogue.trouble(key_of(candidate));
  return known && known->is_unwanted && parts_.catalogue.age_of(*known) < kUnwantedFor;
}

bool ScmSearch::is_known_refused(const ScmCandidate& candidate) const {
  const ObtainRequest& request = situation_.request;
  const std::optional<ScmTrouble> known = parts_.catalogue.trouble(key_of(candidate));
  return known && !known->refused_fingerprint.empty() && !request.is_wanted &&
         parts_.catalogue.age_of(*known) < request.spec.check_interval;
}

void ScmSearch::note(const ScmCandidate& candidate, const Error& error) {
  if (parts_.catalogue.note_trouble(key_of(candidate), error)) news_.push_back(error.message());
}

std::string ScmSearch::key_of(const ScmCandidate& candidate) const {
  return fmt::format("{}|{}", spec_key_, facts_key(candidate.certificate));
}

}  // namespace ccm::sources
