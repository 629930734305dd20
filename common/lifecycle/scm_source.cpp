#include "lifecycle/scm_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "config/sentences.h"
#include "crypto/chain.h"
#include "crypto/pem.h"
#include "lifecycle/gate.h"
#include "lifecycle/schedule.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using cloud::ScmCertificate;
using config::enumerated;

constexpr std::string_view kOriginPrefix = "scm:";
// A better one may be broken; so many that are, in one go, are enough to tell.
constexpr std::size_t kMostFailures = 3;
// From here on a list may be incomplete: the service shows 150 in either order.
constexpr std::size_t kLongList = 300;
// No time zone is farther from UTC.
constexpr Seconds kZoneTolerance = 14h;
constexpr Seconds kPendingRetry = 15min;
constexpr std::size_t kNamesInSentence = 5;
constexpr std::size_t kCertificatesInSentence = 3;

std::string origin_of(const std::string& id) {
  return fmt::format("{}{}", kOriginPrefix, id);
}

// The id the installed certificate came with; empty when it is not of SCM.
std::string installed_id(const ObtainRequest& request) {
  if (request.current == nullptr) return {};
  const std::string& origin = request.current->info.origin;
  return origin.starts_with(kOriginPrefix) ? origin.substr(kOriginPrefix.size()) : std::string();
}

bool is_installed(const ScmCertificate& shown, const ObtainRequest& request) {
  if (request.current == nullptr) return false;
  if (shown.fingerprint.empty()) return shown.id == installed_id(request);
  return shown.fingerprint == request.current->bundle.leaf().sha1_fingerprint();
}

std::string what_helps(const ScmCertificate& certificate) {
  if (certificate.status == "PAID") return "apply for it in the console";
  if (certificate.status == "ISSUING") return "the authority is about to issue it";
  return "publish the validation records that the console shows, unless that is done";
}

Pending wait_for(const ScmCertificate& certificate, const ObtainRequest& request) {
  return {.retry_at = request.now + std::min(request.spec.check_interval, kPendingRetry),
          .reason = fmt::format("{}: {}: {}", certificate.id, certificate.status,
                                what_helps(certificate))};
}

// A problem of this one certificate; another may do.
bool is_obstacle(const Error& error) {
  return error.kind() == ErrorKind::rejected || error.kind() == ErrorKind::invalid;
}

Error in_context(Error error, const ScmCertificate& certificate) {
  return std::move(error).with_context(fmt::format("certificate {} from SCM", certificate.id));
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

// Why nothing will do, and what would.
Error explain(const ScmCatalogue::List& all, const config::CertificateSpec& spec) {
  const std::string wanted = enumerated(spec.names, kNamesInSentence);
  const std::string advice = "issue or import one there, or correct the configured names";
  std::vector<std::string> of_names;
  std::vector<std::string> others;
  for (const ScmCertificate& certificate : all) {
    if (covers_all(certificate, spec.names)) {
      of_names.push_back(fmt::format("{} ({})", certificate.id, certificate.status));
    } else {
      others.push_back(fmt::format("{} ({}: {})", certificate.id, certificate.status,
                                   enumerated(certificate.names, kNamesInSentence)));
    }
  }
  std::string found = "it has none at all";
  if (!of_names.empty()) {
    found = fmt::format("what covers these names is of no use: {}",
                        enumerated(of_names, kCertificatesInSentence));
  } else if (!others.empty()) {
    found = fmt::format("it has {}", enumerated(others, kCertificatesInSentence));
  }
  const std::string key = spec.key ? fmt::format(" with a key of {}", to_string(*spec.key)) : "";
  return Error(ErrorKind::rejected, fmt::format("SCM has no usable certificate for {}{}; {}: {}",
                                                wanted, key, found, advice));
}

}  // namespace

Result<Outcome> ScmSource::obtain(const ObtainRequest& request) {
  if (request.is_wanted) catalogue_.drop_lists();
  const std::string& id = std::get<config::ScmSource>(request.spec.source).certificate_id;
  return id.empty() ? obtain_best(request) : obtain_pinned(request, id);
}

Result<ScmSource::Situation> ScmSource::assess(const ObtainRequest& request,
                                               const ScmCertificate* pinned) {
  Situation situation{.request = request, .must_go = false, .is_good = false};
  if (request.current == nullptr) return situation;
  situation.must_go = request.current->info.origin.starts_with("pca:");
  if (!situation.must_go) {
    Result<bool> revoked = is_installed_revoked(request, pinned);
    if (!revoked) return pass(std::move(revoked));
    situation.must_go = *revoked;
  }
  situation.is_good =
      !situation.must_go && check_installed(request.spec, request.current->bundle, request.now);
  return situation;
}

Result<bool> ScmSource::is_installed_revoked(const ObtainRequest& request,
                                             const ScmCertificate* pinned) {
  const std::string id = installed_id(request);
  if (id.empty()) return false;
  if (pinned != nullptr && pinned->id == id) {
    return is_revoked(*pinned) && is_installed(*pinned, request);
  }
  Result<ScmCatalogue::SharedList> issued = catalogue_.issued();
  if (!issued) return pass(std::move(issued));
  const bool is_listed =
      std::any_of((*issued)->begin(), (*issued)->end(),
                  [&](const ScmCertificate& certificate) { return certificate.id == id; });
  if (is_listed) return false;
  Result<ScmCertificate> shown = client_.show(id);
  if (shown) return is_revoked(*shown) && is_installed(*shown, request);
  // Deleted in the cloud: nothing says that it was revoked. And a renewal does not wait for this.
  if (request.is_due || shown.error().kind() == ErrorKind::rejected) return false;
  return fail_with(std::move(shown), "whether the installed certificate was revoked");
}

Result<Outcome> ScmSource::obtain_best(const ObtainRequest& request) {
  Result<Situation> situation = assess(request, nullptr);
  if (!situation) return pass(std::move(situation));
  Result<ScmCatalogue::List> list = candidates(request.spec);
  if (!list) return pass(std::move(list));
  Result<std::optional<Obtained>> taken = pick(*situation, *list);
  if (!taken) return pass(std::move(taken));
  if (*taken) return Outcome(std::move(**taken));
  return nothing_better(*situation);
}

Result<Outcome> ScmSource::obtain_pinned(const ObtainRequest& request, const std::string& id) {
  const Result<ScmCertificate> pinned = client_.show(id);
  if (!pinned && pinned.error().kind() != ErrorKind::rejected) return fail(pinned.error());
  Result<Situation> situation = assess(request, pinned ? &*pinned : nullptr);
  if (!situation) return pass(std::move(situation));
  const bool is_new = pinned && pinned->is_exportable() && !is_installed(*pinned, request);
  if (situation->is_good && !request.is_due && !is_new) {
    if (!pinned) {
      log_.warn("certificate \"{}\": {}; the installed one ({}) stays", request.spec.name,
                pinned.error().message(), request.current->info.origin);
    }
    return Outcome(Unchanged{});
  }
  if (is_new) {
    Result<std::optional<Obtained>> taken = take_pinned(*situation, *pinned);
    if (!taken) return pass(std::move(taken));
    if (*taken) return Outcome(std::move(**taken));
  }
  return follow_pinned(*situation, id, pinned);
}

Result<std::optional<Obtained>> ScmSource::take_pinned(const Situation& situation,
                                                       const ScmCertificate& pinned) {
  const ObtainRequest& request = situation.request;
  const auto is_due = [&](Time not_before, Time not_after) {
    return request.now >=
           renewal_time(request.spec.renew_before, not_before, not_after, request.spec.jitter_seed);
  };
  const std::optional<ScmFacts> facts = catalogue_.recall(pinned);
  if (facts && is_due(facts->not_before, facts->not_after)) return std::optional<Obtained>();
  // Asked for by its id, it need not end later than what happens to be installed.
  Result<std::optional<Obtained>> taken =
      take({.request = request, .must_go = true, .is_good = false}, pinned);
  if (!taken || !*taken) return taken;
  const crypto::Certificate& leaf = (*taken)->bundle.leaf();
  if (is_due(leaf.not_before(), leaf.not_after())) return std::optional<Obtained>();
  return taken;
}

Result<Outcome> ScmSource::follow_pinned(const Situation& situation, const std::string& id,
                                         const Result<ScmCertificate>& pinned) {
  const config::CertificateSpec& spec = situation.request.spec;
  Result<ScmCatalogue::List> list = candidates(spec);
  if (!list) return pass(std::move(list));
  Result<std::optional<Obtained>> taken = pick(situation, *list);
  if (!taken) return pass(std::move(taken));
  if (*taken) {
    if ((*taken)->origin != origin_of(id)) {
      log_.notice("certificate \"{}\": {} succeeds the configured id {} ({})", spec.name,
                  (*taken)->origin, id, pinned ? pinned->status : std::string("unknown to SCM"));
    }
    return Outcome(std::move(**taken));
  }
  if (pinned && is_pending(*pinned)) return Outcome(wait_for(*pinned, situation.request));
  if (!pinned && !situation.is_good) return fail(pinned.error());
  return nothing_better(situation);
}

Result<ScmCatalogue::List> ScmSource::candidates(const config::CertificateSpec& spec) {
  Result<ScmCatalogue::SharedList> issued = catalogue_.issued();
  if (!issued) return pass(std::move(issued));
  ScmCatalogue::List found = covering(**issued, spec.names);
  if (!found.empty()) return found;
  if ((*issued)->size() >= kLongList) {
    Result<ScmCatalogue::List> like = catalogue_.issued_like(spec.names.front());
    if (!like) return like;
    found = covering(*like, spec.names);
    if (!found.empty()) return found;
  }
  // One that is getting more names is listed under another state, and its present form can be had.
  Result<ScmCatalogue::SharedList> all = catalogue_.all();
  if (!all) return pass(std::move(all));
  return covering(**all, spec.names);
}

Result<std::optional<Obtained>> ScmSource::pick(const Situation& situation,
                                                const ScmCatalogue::List& list) {
  std::optional<Error> obstacle;
  std::size_t failures = 0;
  for (const ScmCertificate& candidate : list) {
    if (is_known_unfit(situation, candidate)) continue;
    if (failures == kMostFailures) break;
    const Result<ScmCertificate> shown = client_.show(candidate.id);
    if (!shown && !is_obstacle(shown.error())) return fail(shown.error());
    // What follows in the list does not end later either.
    if (shown && is_installed(*shown, situation.request) && situation.is_good) break;
    if (shown && (!shown->is_exportable() || is_installed(*shown, situation.request))) continue;
    Result<std::optional<Obtained>> taken =
        shown ? take(situation, candidate) : Result<std::optional<Obtained>>(fail(shown.error()));
    if (!taken && !is_obstacle(taken.error())) return taken;
    if (taken && *taken) {
      if (obstacle) {
        log_.warn("certificate \"{}\": passed over: {}", situation.request.spec.name,
                  obstacle->message());
      }
      return taken;
    }
    if (taken) continue;  // of no use here, and remembered as such
    ++failures;
    if (!obstacle) obstacle = std::move(taken).error();
  }
  if (obstacle) return fail(std::move(*obstacle));
  return std::optional<Obtained>();
}

Result<std::optional<Obtained>> ScmSource::take(const Situation& situation,
                                                const ScmCertificate& candidate) {
  const ObtainRequest& request = situation.request;
  const auto malformed = [&](Error error) {
    return fail(in_context(std::move(error), candidate).with_kind(ErrorKind::invalid));
  };
  Result<cloud::ScmExport> exported = client_.export_certificate(candidate.id);
  if (!exported) return fail(in_context(std::move(exported).error(), candidate));
  Result<crypto::KeyPair> key = fail(ErrorKind::rejected, "");
  if (!exported->private_key.empty()) {
    key = crypto::KeyPair::parse_pem(exported->private_key.reveal());
    if (!key) return malformed(std::move(key).error().with_context("private key"));
  } else {
    Result<crypto::Certificate> leaf = find_leaf(*exported);
    if (!leaf) return malformed(std::move(leaf).error());
    catalogue_.remember(candidate, *leaf);
    if (is_known_unfit(situation, candidate)) return std::optional<Obtained>();
    key = find_key(request, *leaf);
    if (!key) return fail(in_context(std::move(key).error(), candidate));
  }
  Result<crypto::Bundle> bundle = crypto::Bundle::parse_pem(
      exported->certificate, exported->certificate_chain, std::move(*key));
  if (!bundle) return malformed(std::move(bundle).error());
  catalogue_.remember(candidate, bundle->leaf());
  if (is_known_unfit(situation, candidate)) return std::optional<Obtained>();
  const crypto::Bundle* current = situation.is_good ? &request.current->bundle : nullptr;
  Result<void> admitted =
      admit({.spec = request.spec, .current = current, .bundle = *bundle}, request.now);
  if (!admitted) return malformed(std::move(admitted).error());
  return std::optional<Obtained>(Obtained{.bundle = std::move(*bundle),
                                          .origin = origin_of(candidate.id),
                                          .current_must_go = situation.must_go});
}

bool ScmSource::is_known_unfit(const Situation& situation, const ScmCertificate& candidate) const {
  const ObtainRequest& request = situation.request;
  const std::optional<ScmFacts> facts = catalogue_.recall(candidate);
  if (facts && request.spec.key && facts->key != *request.spec.key) return true;
  if (!situation.is_good) return false;
  const Time installed_end = request.current->bundle.leaf().not_after();
  if (facts) return facts->not_after <= installed_end;
  const std::optional<Time> hint = hinted_end(candidate);
  return hint && *hint + kZoneTolerance <= installed_end;
}

Result<crypto::KeyPair> ScmSource::find_key(const ObtainRequest& request,
                                            const crypto::Certificate& leaf) {
  if (request.current != nullptr && leaf.matches(request.current->bundle.key())) {
    return request.current->bundle.key();
  }
  Result<std::vector<crypto::KeyPair>> keys = store_.operator_keys();
  if (!keys) return fail_with(std::move(keys), "the operator's keys");
  const auto found = std::find_if(keys->begin(), keys->end(),
                                  [&](const crypto::KeyPair& key) { return leaf.matches(key); });
  if (found != keys->end()) return *found;
  return fail(ErrorKind::rejected,
              fmt::format("its private key is not in the cloud, and none of the {} here fits: put "
                          "the key as a PEM file into the folder keys/ of the state path",
                          keys->size() + (request.current != nullptr ? 1 : 0)));
}

Result<Outcome> ScmSource::nothing_better(const Situation& situation) {
  const ObtainRequest& request = situation.request;
  if (situation.is_good && !request.is_due) return Outcome(Unchanged{});
  Result<ScmCatalogue::SharedList> all = catalogue_.all();
  if (!all) return pass(std::move(all));
  for (const ScmCertificate& certificate : **all) {
    if (is_pending(certificate) && covers_all(certificate, request.spec.names)) {
      return Outcome(wait_for(certificate, request));
    }
  }
  if (situation.is_good) return Outcome(Unchanged{});
  return fail(explain(**all, request.spec));
}

}  // namespace ccm::lifecycle
