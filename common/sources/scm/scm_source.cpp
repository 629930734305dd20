// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sentences.h"
#include "config/sources/scm.h"
#include "policy/gate.h"
#include "policy/schedule.h"
#include "sources/scm/scm_policy.h"
#include "sources/scm/scm_search.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using cloud::ScmCertificate;

// With this many, a list may be incomplete: the service shows 150 in each of the two orders.
constexpr std::size_t kLongList = 300;
constexpr Seconds kPendingRetry = 15min;
constexpr std::size_t kNamesInSentence = 5;
constexpr std::size_t kCertificatesInSentence = 3;

std::string origin_of(const std::string& id) {
  return fmt::format("scm:{}", id);
}

std::string what_helps(const ScmCertificate& certificate) {
  if (certificate.status == "PAID") return "apply for it in the console";
  if (certificate.status == "ISSUING") return "the authority is about to issue it";
  return "publish the validation records that the console shows, unless that is done; with the "
         "directive issue (CCMIssue) this is done without you";
}

Pending wait_for(const ScmCertificate& certificate, const ObtainRequest& request) {
  return {.retry_at = request.now + std::min(request.spec.check_interval, kPendingRetry),
          .reason = fmt::format("{}: {}: {}", certificate.id, certificate.status,
                                what_helps(certificate))};
}

// Why no certificate is usable, and what would help.
Error explain(const ScmCatalogue::List& all, const config::CertificateSpec& spec) {
  const std::string wanted = enumerated(spec.names, kNamesInSentence);
  std::string advice = "issue or import one there, or correct the configured names";
  const config::Uploads uploads = spec.source.as<config::ScmSource>().uploads;
  std::vector<std::string> of_names;
  std::vector<std::string> others;
  for (const ScmCertificate& certificate : all) {
    if (covers_all(certificate, spec.names)) {
      of_names.push_back(fmt::format("{} ({})", certificate.id, certificate.status));
      if (uploads == config::Uploads::off && is_upload(certificate)) {
        advice =
            "uploads=off keeps out what was uploaded there; issue one, or write uploads=fallback";
      }
    } else {
      others.push_back(fmt::format(
          "{} ({}: {})", certificate.id, certificate.status,
          certificate.names.empty() ? "no name" : enumerated(certificate.names, kNamesInSentence)));
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
  Result<std::optional<ScmOrder>> order = orders_.open_order(request);
  if (!order) return pass(std::move(order));
  return *order ? obtain_ordered(request, **order) : search(request);
}

Result<Outcome> ScmSource::search(const ObtainRequest& request) {
  const std::string& id = request.spec.source.as<config::ScmSource>().certificate_id;
  return id.empty() ? obtain_best(request) : obtain_pinned(request, id);
}

Result<ScmSituation> ScmSource::assess(const ObtainRequest& request, const ScmCertificate* pinned) {
  ScmSituation situation{.request = request};
  if (request.current == nullptr) return situation;
  Result<bool> must_leave = must_go(request, pinned);
  if (!must_leave) return pass(std::move(must_leave));
  situation.must_go = *must_leave;
  const crypto::Bundle& installed = request.current->bundle;
  if (!installed_id(request).empty()) {
    const Result<void> fits = check_policy(request.spec.source, installed, request.now);
    if (!fits) situation.objection = fits.error();
  }
  situation.is_good = !situation.must_go && !situation.objection &&
                      policy::check_installed(request.spec, installed, request.now);
  return situation;
}

Result<bool> ScmSource::must_go(const ObtainRequest& request, const ScmCertificate* pinned) {
  const config::SourceKind* giver = config::kind_of_origin(request.current->info.origin);
  if (giver != nullptr && giver != &request.spec.source.kind()) return true;
  return is_installed_revoked(request, pinned);
}

Result<bool> ScmSource::must_go(const ObtainRequest& request) {
  return request.current == nullptr ? Result<bool>(false) : must_go(request, nullptr);
}

Result<bool> ScmSource::is_installed_revoked(const ObtainRequest& request,
                                             const ScmCertificate* pinned) {
  const std::string id = installed_id(request);
  if (id.empty()) return false;
  if (pinned != nullptr && pinned->id == id) {
    return request.is_revoked(is_revoked(*pinned) && is_installed(*pinned, request), "SCM");
  }
  Result<ScmCatalogue::SharedList> issued = catalogue_.issued();
  if (!issued) return pass(std::move(issued));
  const bool is_listed =
      std::any_of((*issued)->begin(), (*issued)->end(),
                  [&](const ScmCertificate& certificate) { return certificate.id == id; });
  if (is_listed) return false;
  Result<ScmCertificate> shown = client_.show(id);
  if (shown) {
    return request.is_revoked(is_revoked(*shown) && is_installed(*shown, request), "SCM");
  }
  // It was deleted in the cloud, which does not mean that it was revoked. A renewal does not wait
  // for this answer, either.
  if (request.is_due || shown.error().kind() == ErrorKind::rejected) return false;
  return fail_with(std::move(shown), "whether the installed certificate was revoked");
}

Result<Outcome> ScmSource::obtain_best(const ObtainRequest& request) {
  Result<ScmSituation> situation = assess(request, nullptr);
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
  if (!pinned && !is_obstacle(pinned.error())) return fail(pinned.error());
  Result<ScmSituation> situation = assess(request, pinned ? &*pinned : nullptr);
  if (!situation) return pass(std::move(situation));
  situation->is_pinned = installed_id(request) == id;
  const bool is_content = situation->is_good && !request.is_due;
  const bool is_new = pinned && pinned->is_exportable() && !is_installed(*pinned, request);
  if (is_content && !is_new) return stay_with_pinned(request, pinned);
  std::optional<Error> obstacle;
  if (!pinned && pinned.error().kind() != ErrorKind::rejected) obstacle = pinned.error();
  if (is_new) {
    Result<std::optional<Obtained>> taken = take_pinned(*situation, *pinned);
    if (taken && *taken) return Outcome(std::move(**taken));
    if (!taken && (is_content || !is_obstacle(taken.error()))) return pass(std::move(taken));
    if (!taken) obstacle = std::move(taken).error();
  }
  // A broken one must not block its successor.
  Result<Outcome> outcome = follow_pinned(*situation, id, pinned);
  const bool has_other = outcome && std::holds_alternative<Obtained>(*outcome);
  if (obstacle && !has_other) return fail(*std::move(obstacle));
  return outcome;
}

Result<Outcome> ScmSource::stay_with_pinned(const ObtainRequest& request,
                                            const Result<ScmCertificate>& pinned) {
  if (pinned) return Outcome(Unchanged{});
  if (pinned.error().kind() != ErrorKind::rejected) return fail(pinned.error());
  log_.warn("certificate \"{}\": {}; the installed one ({}) stays", request.spec.name,
            pinned.error().message(), request.current->info.origin);
  return Outcome(Unchanged{});
}

Result<std::optional<Obtained>> ScmSource::take_pinned(const ScmSituation& situation,
                                                       const ScmCertificate& pinned) {
  const ObtainRequest& request = situation.request;
  const auto is_due = [&](Time not_before, Time not_after) {
    return request.now >= policy::renewal_time(request.spec.renew_before, not_before, not_after,
                                               request.spec.jitter_seed);
  };
  const std::optional<ScmFacts> facts = catalogue_.recall(pinned);
  if (facts && is_due(facts->not_before, facts->not_after)) return std::optional<Obtained>();
  // The operator has asked for this id, so it need not end later than the installed one.
  const ScmSituation asked{.request = request, .must_go = true};
  Result<std::optional<Obtained>> taken =
      ScmSearch({client_, store_, catalogue_, log_}, asked)
          .take({.certificate = pinned, .may_end_sooner = false}, pinned.fingerprint);
  if (!taken || !*taken) return taken;
  const crypto::Certificate& leaf = (*taken)->bundle.leaf();
  if (is_due(leaf.not_before(), leaf.not_after())) return std::optional<Obtained>();
  return taken;
}

Result<Outcome> ScmSource::follow_pinned(const ScmSituation& situation, const std::string& id,
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
  // A certificate that is getting more names is listed in another state, and its present form can
  // be exported.
  Result<ScmCatalogue::SharedList> all = catalogue_.all();
  if (!all) return pass(std::move(all));
  return covering(**all, spec.names);
}

Result<std::optional<Obtained>> ScmSource::pick(const ScmSituation& situation,
                                                const ScmCatalogue::List& list) {
  return ScmSearch({client_, store_, catalogue_, log_}, situation).run(in_order(list, situation));
}

Result<Outcome> ScmSource::nothing_better(const ScmSituation& situation) {
  const ObtainRequest& request = situation.request;
  if (situation.is_good && !request.is_due) return Outcome(Unchanged{});
  Result<ScmCatalogue::SharedList> all = catalogue_.all();
  if (!all) return pass(std::move(all));
  if (request.spec.source.as<config::ScmSource>().issue) return have_issued(situation, **all);
  for (const ScmCertificate& certificate : **all) {
    if (is_pending(certificate) && covers_all(certificate, request.spec.names)) {
      return Outcome(wait_for(certificate, request));
    }
  }
  if (situation.is_good) return Outcome(Unchanged{});
  Error reason = explain(**all, request.spec);
  if (!situation.objection || situation.must_go) return fail(std::move(reason));
  return fail(std::move(reason).with_context(
      fmt::format("the installed certificate is not what the source asks for ({})",
                  situation.objection->message())));
}

}  // namespace ccm::sources
